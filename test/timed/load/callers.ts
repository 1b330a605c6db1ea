/** Callers that send a request again until somebody answers it for good, to any process that runs. */
import { systemClock as clock } from "../../../shared/clock.js";
import { post } from "../../support/app/test-app.js";

export interface Patience {
  untilMs: number;
  /** From then on it comes too late, and is rightly refused. */
  lateFrom?: Date;
}

/** How long one request was insisted on. */
export interface Insistence {
  functionName: string;
  from: Date;
  to: Date;
  tries: number;
}

export interface Callers {
  /** What was refused for good before it could be too late, as `function Code: message`. */
  refusals: string[];
  insistences: Insistence[];
  /** A caller that gives up is not what is tested here. */
  insist: (
    functionName: string,
    body: object,
    patience: Patience,
  ) => Promise<Record<string, unknown> | undefined>;
}

/** Between two tries of one request. */
const AGAIN_MS = 200;

/** `urlsNow`: the processes that may be asked at this moment. */
export function makeCallers(urlsNow: () => string[]): Callers {
  const refusals: string[] = [];
  const insistences: Insistence[] = [];
  let requests = 0;

  const insist: Callers["insist"] = async (functionName, body, { untilMs, lateFrom }) => {
    const insistence = { functionName, from: clock.now(), to: clock.now(), tries: 0 };
    insistences.push(insistence);
    const refuse = (why: string): void => {
      const isLate = lateFrom !== undefined && clock.now().getTime() >= lateFrom.getTime();
      if (!isLate) refusals.push(`${functionName} ${why}`);
    };
    while (clock.elapsedMs() < untilMs) {
      const urls = urlsNow();
      const url = urls[(requests += 1) % urls.length] ?? "";
      insistence.tries += 1;
      try {
        const { status, response } = await post(`${url}/${functionName}`, body);
        insistence.to = clock.now();
        if (!response.Error) return response;
        const { Code, Message } = response.Error;
        if (status < 500 && status !== 409 && status !== 429) {
          refuse(`${Code}: ${Message}`);
          return undefined;
        }
      } catch {
        // Killed in the middle, or not up again yet.
      }
      await clock.sleep(AGAIN_MS);
    }
    refuse("was not answered for a minute");
    return undefined;
  };
  return { refusals, insistences, insist };
}
