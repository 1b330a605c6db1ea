/** How TRTC answers, and how many of its calls a second are used. */
import { SECOND_MS } from "../clock.js";
import type { SlotUse } from "../store/health/slots.js";
import type { TrtcAnswer } from "../store/health/timer-runs.js";
import { SLOTS } from "../store/slots.js";
import { counted, duration, pass, type Row, warn } from "./row.js";

/** Codes that no caller causes: our keys, our share of calls, or TRTC itself. */
const NOT_THE_CALLERS =
  /^(AuthFailure|UnauthorizedOperation|RequestLimitExceeded|InternalError|ServiceUnavailable|ResourceUnavailable)(\.|$)/;

/** An older answer says nothing about now. A system without calls has no newer one. */
const RECENT_MS = 300 * SECOND_MS;

export const isTrtcFailing = ({ code, agoMs }: Pick<TrtcAnswer, "code" | "agoMs">): boolean =>
  code !== null && agoMs <= RECENT_MS && NOT_THE_CALLERS.test(code);

/** One row for the last answer to each account's calls of each action. */
export function trtcRow(answers: readonly TrtcAnswer[]): Row {
  const check = "TRTC: last answers";
  if (answers.length === 0) return pass(check, "none yet");
  const finding = answers
    .map(({ account, action, code, agoMs }) =>
      [account, action, code ?? "accepted", duration(agoMs), "ago"].join(" "),
    )
    .join(", ");
  if (!answers.some(isTrtcFailing)) return pass(check, finding);
  return warn(check, finding, "see the log for TRTC's message; `npm run doctor` tries the keys");
}

/** Longer than a full second's worth of calls makes the next one wait. */
const WAIT_MAX_MS = 2 * SECOND_MS;

export function slotRows(slots: readonly SlotUse[]): Row[] {
  const check = "slots";
  const waiting = slots.filter(({ waitMs }) => waitMs > WAIT_MAX_MS);
  if (waiting.length > 0) {
    return waiting.map(({ account, action, waitMs }) =>
      warn(
        check,
        `${action} of ${account} waits for ${duration(waitMs)}: TRTC takes ${SLOTS} calls a second`,
        "set StartsPerMinute for callers that start much, or spread starts and ends",
      ),
    );
  }
  const used = slots.filter((slot) => slot.used > 0);
  if (used.length === 0) return [pass(check, "none used in the last second")];
  const uses = used.map(({ account, action, used: calls }) => `${account} ${action} ${calls}`);
  return [pass(check, `of ${counted(SLOTS, "call")} in the last second: ${uses.join(", ")}`)];
}
