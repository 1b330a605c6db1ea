/**
 * The stack of the door that TRTC calls: the event in, whether it is TRTC's, what it tells, the use
 * case, and an answer within TRTC's five seconds. Anything but 200 makes TRTC send it again, so
 * that is for what may work then, and for strangers.
 */
import middy from "@middy/core";
import { MINUTE_MS, systemClock } from "../clock.js";
import { ApiError, asApiError } from "../contract/errors.js";
import type { TakeRoomEvent } from "../room-events/types.js";
import type { Services } from "../ingest/services.js";
import { readCallbackBody } from "./callback-body.js";
import { type HttpAnswer, JSON_TYPE } from "./envelope.js";
import { readHttpEvent } from "./http-event.js";
import type { HttpHandler } from "./http.js";
import type { PlatformContext } from "./invocation.js";
import { logTrace, newTrace, type Trace } from "./trace.js";
import { verifiedSender } from "./verify-callback.js";

/**
 * A signature covers no time but the body's own: what was captured may be sent again for as long as
 * this. TRTC itself gives an event up after a minute.
 */
const NEWS_MS = 5 * MINUTE_MS;

/** TRTC waits for five seconds, with the way to here and a cold start in them. */
const ANSWER_WITHIN_MS = 4400;

/** Before that, so that what is left to the timers is answered well. */
const FOLLOW_UP_WITHIN_MS = 4000;

/** What calls to TRTC are told that there is: they keep back of it what the answer needs. */
const TIME_MS = 4900;

export const callbackFunction =
  (functionName: string, take: TakeRoomEvent) =>
  (open: () => Promise<Services>): HttpHandler => {
    const run = async (event: unknown, context: unknown): Promise<HttpAnswer> => {
      const trace = newTrace(functionName, context as PlatformContext, systemClock);
      try {
        await within(ANSWER_WITHIN_MS, taken(event, { trace, take, open }), tooLate);
        logTrace(trace, systemClock);
        return answerWith(200, { code: 0 });
      } catch (caught) {
        const error = asApiError(caught);
        // The one caller is TRTC: what is refused is a forgery, or a key that is not set right.
        logTrace(trace, systemClock, { error, mistake: "warn" });
        return answerWith(error.status, { code: error.status, message: error.message });
      }
    };
    return middy(run);
  };

interface Taking {
  trace: Trace;
  take: TakeRoomEvent;
  open: () => Promise<Services>;
}

/** Throws what keeps the event from being taken; what could not be read is none that we want. */
async function taken(event: unknown, { trace, take, open }: Taking): Promise<void> {
  const timeLeftMs = () => TIME_MS - (systemClock.elapsedMs() - trace.startedMs);
  const services = await open();
  trace.log = services.log;
  const request = readHttpEvent(event);
  const sdkAppId = verifiedSender(services.config, request);
  const told = readCallbackBody(sdkAppId, request.body);
  if (!told) {
    trace.note = "signed, and not readable";
    return;
  }
  trace.action = String(told.type);
  const ageMs = services.clock.now().getTime() - told.sentAt.getTime();
  if (Math.abs(ageMs) > NEWS_MS) {
    trace.note = "of another time: ignored";
    return;
  }
  if (!told.event) return;
  const { ingest, followUp } = await take(services, told.event, timeLeftMs);
  trace.ingest = ingest;
  if (!followUp) return;
  const leftMs = FOLLOW_UP_WITHIN_MS - (systemClock.elapsedMs() - trace.startedMs);
  await within(leftMs, followUp(timeLeftMs), () => {
    trace.note = "left to the timers: TRTC did not answer in time";
  });
}

/** The work's outcome, or `late`'s when it takes longer; what becomes of it then is nobody's concern. */
async function within<T>(ms: number, work: Promise<T>, late: () => void): Promise<void> {
  const done = new AbortController();
  const limit = systemClock.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) late();
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    done.abort();
    work.catch(() => undefined);
  }
}

const tooLate = (): never => {
  throw new ApiError("ServiceUnavailable", undefined, { detail: "the database takes too long" });
};

const answerWith = (statusCode: number, body: object): HttpAnswer => ({
  isBase64Encoded: false,
  statusCode,
  headers: { "content-type": JSON_TYPE, "cache-control": "no-store" },
  body: JSON.stringify(body),
});
