/**
 * Tells callers what became of their ingests: at least once, of each ingest in order, again after
 * growing pauses while the receiver does not take it, and for a day. A receiver that takes nothing
 * is left alone until the next run, so that it costs the others no time.
 *
 * Any number of runs may overlap: everything is claimed first. A run that is killed after sending
 * leaves a claim that lapses, and the event is sent again, with the same id.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../clock.js";
import type { Notification } from "../store/outbox.js";
import { NotifyError } from "../notify/notify-error.js";
import { signWebhook } from "../signing/webhook.js";
import type { Receiver } from "../validation/notify-settings.js";
import { cloudEventOf, notificationId } from "./notification.js";
import type { Services } from "./services.js";

export interface DeliveryCounts extends Record<string, number> {
  delivered: number;
  /** Not taken: tried again later. */
  undelivered: number;
  /** Given up after a day. */
  dead: number;
  /** Wanted by nobody: the caller has no NotifyUrl any more, or its receiver says so. */
  dropped: number;
}

/** Receivers that are told at once, and messages that one of them gets at once. */
const LANES = 4;
const AT_ONCE = 10;

/** A claim outlives its message, and the writing down of what came of it. */
const LEASE_MS = 20 * SECOND_MS;

/** The longest that a run tells anybody, and what it leaves of its time limit. */
const BUDGET_MS = 30 * SECOND_MS;
const RESERVE_MS = 11 * SECOND_MS;

const PAUSE_MIN_MS = 5 * SECOND_MS;
const PAUSE_MAX_MS = 15 * MINUTE_MS;

interface Run {
  timeLeftMs: () => number;
}

/** What came of one message. */
type Outcome = "delivered" | "undelivered" | "dead" | "dropped" | "overtaken";

interface Telling {
  services: Services;
  hasTime: () => boolean;
  count: (outcome: Outcome) => void;
}

export async function deliverNotifications(
  services: Services,
  { timeLeftMs }: Run,
): Promise<DeliveryCounts> {
  const { store, clock } = services;
  const counts: DeliveryCounts = { delivered: 0, undelivered: 0, dead: 0, dropped: 0 };
  const endsMs = clock.elapsedMs() + BUDGET_MS;
  const telling: Telling = {
    services,
    hasTime: () => timeLeftMs() > RESERVE_MS && clock.elapsedMs() < endsMs,
    count: (outcome) => (counts[outcome] = (counts[outcome] ?? 0) + 1),
  };
  const callers = (await store.outbox.callersWaiting(clock.now())).values();
  // The lanes share one row of callers.
  const lane = async () => {
    for (const callerId of callers) if (telling.hasTime()) await tellCaller(telling, callerId);
  };
  await allOf(Array.from({ length: LANES }, lane));
  return counts;
}

async function tellCaller(telling: Telling, callerId: string): Promise<void> {
  const { services, hasTime, count } = telling;
  const { config, store, clock } = services;
  const receiver = config.callers.get(callerId)?.receiver;
  if (!receiver) return dropAll(telling, callerId);
  while (hasTime()) {
    const wanted = { callerId, at: clock.now(), leaseMs: LEASE_MS, limit: AT_ONCE };
    const claimed = await store.outbox.claim(wanted);
    const outcomes = await allOf(claimed.map((each) => deliver(services, receiver, each)));
    outcomes.forEach(count);
    if (!outcomes.some((outcome) => outcome === "delivered" || outcome === "dropped")) return;
  }
}

async function deliver(
  services: Services,
  receiver: Receiver,
  notification: Notification,
): Promise<Outcome> {
  const { store, clock } = services;
  const startedMs = clock.elapsedMs();
  const answer = await send(services, receiver, notification);
  if (answer === undefined) return "overtaken";
  const ms = Math.round(clock.elapsedMs() - startedMs);
  const say = (level: "info" | "warn", outcome: string) => {
    report(services, notification, { level, outcome, ms });
  };
  if (answer === "ok" || answer === GONE) {
    await store.outbox.remove(notification);
    say(answer === "ok" ? "info" : "warn", answer);
    return answer === "ok" ? "delivered" : "dropped";
  }
  say("warn", answer);
  return putOff(services, notification, answer);
}

/** The receiver's way to say that it does not want this event, now or later. */
const GONE = "HTTP410";

/** `ok`, or what went wrong; `undefined` when it was not sent, since the claim is over. */
async function send(
  { notifier, clock }: Services,
  { url, secrets }: Receiver,
  notification: Notification,
): Promise<string | undefined> {
  const at = clock.now();
  if (at.getTime() >= notification.tryAt.getTime()) return undefined;
  const body = JSON.stringify(cloudEventOf(notification));
  const signed = signWebhook(secrets, { id: notificationId(notification), at, body });
  const headers = { "content-type": "application/cloudevents+json", ...signed };
  try {
    const status = await notifier.send({ url, headers, body });
    return status >= 200 && status < 300 ? "ok" : `HTTP${status}`;
  } catch (error) {
    if (error instanceof NotifyError) return error.code;
    throw error;
  }
}

async function putOff(
  { store, clock, randomBytes }: Services,
  notification: Notification,
  reason: string,
): Promise<Outcome> {
  const at = clock.now();
  if (at.getTime() >= notification.giveUpAt.getTime()) {
    await store.outbox.bury({ ...notification, reason, at });
    return "dead";
  }
  const jitter = (randomBytes(1)[0] ?? 0) / 255;
  const tryAt = addMs(at, pauseMs(notification.attempts, jitter));
  await store.outbox.postpone({ ...notification, tryAt });
  return "undelivered";
}

/** 5 s, 15 s, 45 s… to 15 minutes; up to a fifth less, so that many do not come again together. */
export const pauseMs = (attempts: number, jitter: number): number =>
  Math.min(PAUSE_MIN_MS * 3 ** (attempts - 1), PAUSE_MAX_MS) * (1 - jitter / 5);

async function dropAll({ services, hasTime, count }: Telling, callerId: string): Promise<void> {
  const { store, clock } = services;
  while (hasTime()) {
    const dropped = await store.outbox.dropOf({ callerId, at: clock.now(), limit: 100 });
    for (const each of dropped) {
      report(services, each, { level: "warn", outcome: "NoReceiver" });
      count("dropped");
    }
    if (dropped.length === 0) return;
  }
}

function report(
  { log }: Services,
  { taskId, callerId, type }: Notification,
  found: { level: "info" | "warn"; outcome: string; ms?: number },
): void {
  log({ event: "settle-ingests", action: type, ingest: taskId, caller: callerId, ...found });
}

/** All of them are over, also when one fails: an instance is frozen as soon as its run is over. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
