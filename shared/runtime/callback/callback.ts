/**
 * The function kind for TRTC's callbacks. It verifies the sender, reads the event, runs the use
 * case, and answers within TRTC's five seconds. TRTC repeats a callback until it gets 200. So other
 * statuses are only for temporary failures and for strangers.
 */
import { MINUTE_MS, systemClock } from "../../clock.js";
import { ApiError, asApiError } from "../../contract/errors.js";
import { CALLBACK_EARLY_MS, CALLBACK_WAIT_MS, FOLLOW_UP_RESERVE_MS } from "../../ingest/timing.js";
import type { HandleRoomEvent } from "../../room-events/types.js";
import { readCallbackBody } from "./callback-body.js";
import { defineFunction, type Middleware } from "../define-function.js";
import { type HttpAnswer, jsonAnswer } from "../envelope.js";
import { readHttpEvent } from "../http-event.js";
import { failureOf } from "../invocation.js";
import { inPlaces } from "./places.js";
import { verifiedSender } from "./verify-callback.js";

/**
 * Only the body's time limits a replay. So callbacks older than this are ignored. TRTC itself stops
 * repeating an event after a minute.
 */
const NEWS_MS = 5 * MINUTE_MS;

const TIME_LIMIT = {
  callerWaitsMs: CALLBACK_WAIT_MS,
  answerEarlyMs: CALLBACK_EARLY_MS,
  late: () =>
    new ApiError("ServiceUnavailable", undefined, { detail: "the database takes too long" }),
};

export const callbackFunction = (functionName: string, handleEvent: HandleRoomEvent) =>
  defineFunction<HttpAnswer>(functionName, {
    actor: "callback",
    middlewares: [refusals],
    timeLimit: TIME_LIMIT,
    async handle(httpEvent, services, { timeLeftMs, line }) {
      const request = readHttpEvent(httpEvent);
      const sdkAppId = verifiedSender(services.config, request);
      const callback = readCallbackBody(sdkAppId, request.body);
      if (!callback) return accepted("signed, and not readable");
      line.action = String(callback.type);
      const ageMs = services.clock.now().getTime() - callback.sentAt.getTime();
      if (Math.abs(ageMs) > NEWS_MS) return accepted("of another time: ignored");
      if (!callback.event) return accepted();
      const { event } = callback;
      const { ingest, followUp } = await inPlaces(services, event, (placed) =>
        handleEvent(placed, event, timeLeftMs),
      );
      line.ingest = ingest;
      if (!followUp) return accepted();
      // The timers complete a slow follow-up, so TRTC gets its 200 in time.
      const isDone = await within(timeLeftMs() - FOLLOW_UP_RESERVE_MS, followUp(timeLeftMs));
      return accepted(isDone ? undefined : "left to the timers: TRTC did not answer in time");

      function accepted(detail?: string): HttpAnswer {
        line.detail = detail;
        return jsonAnswer(200, { code: 0 });
      }
    },
    // TRTC is the only caller. A refusal means a forged callback or a wrong callback key.
    outcomeOf: (error) => failureOf(error, "warn"),
  });

const refusals: Middleware<HttpAnswer> = {
  onError: (request) => {
    const { status, message } = asApiError(request.error);
    request.response = jsonAnswer(status, { code: status, message });
  },
};

/** Returns false when the work takes longer. Its result is then ignored. */
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
