/**
 * Remembers TRTC's last answer to each account's calls of each action, for the mark that a timer's run
 * leaves.
 */
import { type Clock, systemClock } from "../clock.js";
import type { TrtcAnswer } from "../store/health/timer-runs.js";
import type { Trtc } from "../trtc/client.js";
import { answerCodeOf, type TrtcError } from "../trtc/trtc-error.js";

export interface RememberingTrtc {
  trtc: Trtc;
  answers: () => TrtcAnswer[];
}

export function rememberAnswers(
  trtc: Trtc,
  clock: Pick<Clock, "elapsedMs"> = systemClock,
): RememberingTrtc {
  const last = new Map<string, Omit<TrtcAnswer, "agoMs"> & { atMs: number }>();
  const remember = (account: string, action: string, code: string | null) => {
    last.set(`${account} ${action}`, { account, action, code, atMs: clock.elapsedMs() });
  };
  return {
    trtc: {
      ...trtc,
      async call(action, call) {
        const { account } = call.target;
        try {
          const answer = await trtc.call(action, call);
          remember(account, action, null);
          return answer;
        } catch (error) {
          const code = answerCodeOf(error as TrtcError);
          if (code !== undefined) remember(account, action, code);
          throw error;
        }
      },
    },
    answers: () =>
      [...last.values()].map(({ account, action, code, atMs }) => ({
        account,
        action,
        code,
        agoMs: clock.elapsedMs() - atMs,
      })),
  };
}
