/**
 * Sends callers the events of their ingests, at least once, and in order for each ingest. A refused
 * event is sent again for a day, after growing pauses. A receiver that accepts nothing gets no more
 * in this run. Its other events are postponed.
 *
 * Any number of runs may overlap: each event is claimed first. A run that is killed after sending
 * leaves a claim, which ends by itself. The event is then sent again with the same id.
 */
import { addMs, DAY_MS, MINUTE_MS, SECOND_MS } from "../clock.js";
import type { Notification } from "../store/outbox/deliveries.js";
import { NotifyError } from "./notify-error.js";
import { signWebhook } from "../signing/webhook.js";
import type { Receiver } from "../config/notify-settings.js";
import { cloudEventOf, notificationId } from "./cloud-event.js";
import type { Services } from "../ingest/services.js";
import { DELIVERY_BUDGET_MS, DELIVERY_LEASE_MS, DELIVERY_RESERVE_MS } from "../ingest/timing.js";

export interface DeliveryCounts extends Record<string, number> {
  delivered: number;
  /** The receiver did not accept these. A later run sends them again. */
  undelivered: number;
  /** Dead letters: no attempt of a whole day succeeded. */
  dead: number;
  /** The caller has no NotifyUrl any more, or its receiver answered 410. */
  dropped: number;
}

/**
 * The least number of receivers served at once. More callers get more lanes, so a run serves each.
 */
const LANES_MIN = 4;

/** A batch takes at most 5 s of a run's 30 s. */
const BATCHES_PER_LANE = 5;

/** Messages that a receiver gets at once. */
const AT_ONCE = 10;

const PAUSE_MIN_MS = 5 * SECOND_MS;
const PAUSE_MAX_MS = 15 * MINUTE_MS;

/** Dead letters stay this long, so an operator can still examine them. */
const DEAD_KEPT_MS = 30 * DAY_MS;

interface Run {
  timeLeftMs: () => number;
}

/** The result of one message. */
type Outcome = "delivered" | "undelivered" | "dead" | "dropped" | "overtaken";

interface Delivery {
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
  const endsMs = clock.elapsedMs() + DELIVERY_BUDGET_MS;
  const delivery: Delivery = {
    services,
    hasTime: () => timeLeftMs() > DELIVERY_RESERVE_MS && clock.elapsedMs() < endsMs,
    count: (outcome) => (counts[outcome] = (counts[outcome] ?? 0) + 1),
  };
  // The lanes share one queue of callers. A caller with more events goes to its end.
  const callers = await store.outbox.callersWaiting(clock.now());
  const length = Math.max(LANES_MIN, Math.ceil(callers.length / BATCHES_PER_LANE));
  const lane = async () => {
    while (delivery.hasTime()) {
      const callerId = callers.shift();
      if (callerId === undefined) return;
      if (await deliverSome(delivery, callerId)) callers.push(callerId);
    }
  };
  await allOf(Array.from({ length }, lane));
  await store.outbox.forgetDead(addMs(clock.now(), -DEAD_KEPT_MS));
  return counts;
}

/** Returns true when the caller may have more events in this run. */
async function deliverSome(delivery: Delivery, callerId: string): Promise<boolean> {
  const { services, count } = delivery;
  const { config, store, clock } = services;
  const receiver = config.callers.get(callerId)?.receiver;
  if (!receiver) return dropSome(delivery, callerId);
  const claims = { callerId, at: clock.now(), leaseMs: DELIVERY_LEASE_MS, limit: AT_ONCE };
  const claimed = await store.outbox.claim(claims);
  const outcomes = await allOf(
    claimed.map((notification) => deliver(services, receiver, notification)),
  );
  outcomes.forEach(count);
  if (outcomes.some((outcome) => outcome === "delivered" || outcome === "dropped")) return true;
  if (outcomes.includes("undelivered")) {
    await store.outbox.postponeRest({ callerId, at: clock.now(), pausesMs: PAUSES_MS });
  }
  return false;
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

/** A receiver answers 410 when it does not want this event, now or later. */
const GONE = "HTTP410";

/**
 * Returns `ok` or an error code. Returns `undefined` when the claim was over, so nothing was sent.
 */
async function send(
  { notifier, clock, machineClock }: Services,
  { url, secrets }: Receiver,
  notification: Notification,
): Promise<string | undefined> {
  if (clock.now().getTime() >= notification.tryAt.getTime()) return undefined;
  const at = machineClock.now();
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
    await store.outbox.addDeadLetter({ ...notification, reason, at });
    return "dead";
  }
  const jitter = (randomBytes(1)[0] ?? 0) / 255;
  const tryAt = addMs(at, pauseMs(notification.attempts, jitter));
  await store.outbox.postpone({ ...notification, tryAt });
  return "undelivered";
}

/**
 * 5 s, 15 s, 45 s… up to 15 minutes. Each pause is up to a fifth shorter, so retries spread out.
 */
export const pauseMs = (attempts: number, jitter: number): number =>
  Math.min(PAUSE_MIN_MS * 3 ** (attempts - 1), PAUSE_MAX_MS) * (1 - jitter / 5);

/** The shortest pauses: an event without an attempt comes before a refused one. */
const PAUSES_MS = [1, 2, 3, 4, 5, 6].map((attempts) => pauseMs(attempts, 1));

async function dropSome({ services, count }: Delivery, callerId: string): Promise<boolean> {
  const { store, clock } = services;
  const dropped = await store.outbox.dropOf({ callerId, at: clock.now(), limit: 100 });
  for (const notification of dropped) {
    report(services, notification, { level: "warn", outcome: "NoReceiver" });
    count("dropped");
  }
  return dropped.length > 0;
}

function report(
  { log }: Services,
  { taskId, callerId, type }: Notification,
  result: { level: "info" | "warn"; outcome: string; ms?: number },
): void {
  log({ action: type, ingest: taskId, caller: callerId, ...result });
}

/** Waits for all of them, also when one fails. The platform freezes an instance after its run. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
