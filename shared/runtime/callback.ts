/**
 * The kind of the function that TRTC calls: whether the callback is TRTC's, what it says, the use
 * case, and an answer within TRTC's five seconds. TRTC repeats whatever is not answered with 200, so
 * other answers are for failures that may pass, and for strangers.
 */
import { MINUTE_MS, systemClock } from "../clock.js";
import { ApiError, asApiError } from "../contract/errors.js";
import { CALLBACK_EARLY_MS, CALLBACK_WAIT_MS, FOLLOW_UP_RESERVE_MS } from "../ingest/timing.js";
import type { TakeRoomEvent } from "../room-events/types.js";
import { readCallbackBody } from "./callback-body.js";
import { defineFunction, type Middleware } from "./define-function.js";
import { type HttpAnswer, jsonAnswer } from "./envelope.js";
import { readHttpEvent } from "./http-event.js";
import { failureOf } from "./invocation.js";
import { verifiedSender } from "./verify-callback.js";

/**
 * A signature covers no time but the body's own: a captured callback may be sent again for as long
 * as this. TRTC itself gives an event up after a minute.
 */
const NEWS_MS = 5 * MINUTE_MS;

const TIME_LIMIT = {
  callerWaitsMs: CALLBACK_WAIT_MS,
  answerEarlyMs: CALLBACK_EARLY_MS,
  late: () =>
    new ApiError("ServiceUnavailable", undefined, { detail: "the database takes too long" }),
};

export const callbackFunction = (functionName: string, take: TakeRoomEvent) =>
  defineFunction<HttpAnswer>(functionName, {
    middlewares: [refusals],
    timeLimit: TIME_LIMIT,
    async handle(event, services, { timeLeftMs, line }) {
      const request = readHttpEvent(event);
      const sdkAppId = verifiedSender(services.config, request);
      const callback = readCallbackBody(sdkAppId, request.body);
      if (!callback) return taken("signed, and not readable");
      line.action = String(callback.type);
      const ageMs = services.clock.now().getTime() - callback.sentAt.getTime();
      if (Math.abs(ageMs) > NEWS_MS) return taken("of another time: ignored");
      if (!callback.event) return taken();
      const { ingest, followUp } = await take(services, callback.event, timeLeftMs);
      line.ingest = ingest;
      if (!followUp) return taken();
      // A slow follow-up is left to the timers, and TRTC still gets its 200 in time.
      const isDone = await within(timeLeftMs() - FOLLOW_UP_RESERVE_MS, followUp(timeLeftMs));
      return taken(isDone ? undefined : "left to the timers: TRTC did not answer in time");

      function taken(detail?: string): HttpAnswer {
        line.detail = detail;
        return jsonAnswer(200, { code: 0 });
      }
    },
    // The one caller is TRTC: what is refused is a forgery, or a key that is not set right.
    outcomeOf: (error) => failureOf(error, "warn"),
  });

const refusals: Middleware<HttpAnswer> = {
  onError: (request) => {
    const { status, message } = asApiError(request.error);
    request.response = jsonAnswer(status, { code: status, message });
  },
};

/** False when the work takes longer. Its outcome is then ignored. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const done = new AbortController();
  const limit = systemClock.sleep(ms, done.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), limit]);
  } finally {
    done.abort();
    work.catch(() => undefined);
  }
}
