/** What keeps a deployment going: its timers, deliveries, slots and database. */
import { SECOND_MS } from "../../clock.js";
import type { MetricCount } from "../../store/health/counts.js";
import type { DatabaseHealth } from "../../store/health/database.js";
import type { Deliveries } from "../../store/health/deliveries.js";
import type { TimerRuns, TrtcAnswer } from "../../store/health/timer-runs.js";
import type { SlotUse } from "../../store/health/slots.js";
import { SLOTS } from "../../store/slots.js";
import type { TimerState } from "../timers.js";
import { isTrtcFailing } from "../trtc.js";
import { counter, type Family, gauge, info } from "./family.js";

export function timerFamilies(timers: readonly TimerState[]): Family[] {
  const by = (valueOf: (timer: TimerState) => number) =>
    timers.map((timer) => ({
      labels: { function: timer.functionName },
      value: valueOf(timer),
    }));
  return [
    gauge(
      {
        name: "timer_age_seconds",
        help: "Since the last run of a timer ended, or since the migration where it never ran.",
      },
      by(({ ageMs }) => ageMs / SECOND_MS),
    ),
    gauge(
      { name: "timer_interval_seconds", help: "How often a timer should run." },
      by(({ intervalMs }) => intervalMs / SECOND_MS),
    ),
    gauge(
      { name: "timer_failures", help: "Runs of a timer that failed since its last good one." },
      by(({ failures }) => failures),
    ),
  ];
}

export const deliveryFamilies = (
  deliveries: Deliveries,
  counts: readonly MetricCount[],
): Family[] => [
  gauge({ name: "outbox_waiting", help: "Notifications that wait." }, deliveries.waiting),
  gauge(
    { name: "outbox_age_seconds", help: "The age of the oldest notification that waits." },
    deliveries.oldestMs / SECOND_MS,
  ),
  gauge(
    {
      name: "outbox_late_seconds",
      help: "How long the next attempt of a notification is overdue.",
    },
    deliveries.oldestDueMs / SECOND_MS,
  ),
  gauge(
    {
      name: "receiver_failing_seconds",
      help: "The oldest notification of a receiver that did not take the last attempt. At most 10 callers.",
    },
    deliveries.failing.map(({ callerId, oldestMs }) => ({
      labels: { caller: callerId },
      value: oldestMs / SECOND_MS,
    })),
  ),
  counter(
    { name: "notifications_given_up", help: "Notifications that were given up." },
    counts.find(({ name }) => name === "notifications_given_up")?.value ?? 0,
  ),
  gauge(
    { name: "dead_letters", help: "Messages of cloud events that failed and were not replayed." },
    deliveries.deadLetters,
  ),
  gauge(
    { name: "dead_letter_age_seconds", help: "The age of the oldest of them." },
    deliveries.oldestDeadLetterMs / SECOND_MS,
  ),
];

export function slotFamilies(slots: readonly SlotUse[]): Family[] {
  const by = (valueOf: (slot: SlotUse) => number) =>
    slots.map((slot) => ({
      labels: { account: slot.account, action: slot.action },
      value: valueOf(slot),
    }));
  return [
    gauge(
      { name: "slots_used", help: `Calls to TRTC in the last second, of ${SLOTS}.` },
      by(({ used }) => used),
    ),
    gauge(
      { name: "slot_wait_seconds", help: "How long the next call waits for its slot." },
      by(({ waitMs }) => waitMs / SECOND_MS),
    ),
  ];
}

export function trtcFamilies(answers: readonly TrtcAnswer[]): Family[] {
  const by = (valueOf: (answer: TrtcAnswer) => number) =>
    answers.map((answer) => ({
      labels: { account: answer.account, action: answer.action },
      value: valueOf(answer),
    }));
  return [
    gauge(
      {
        name: "trtc_answer_age_seconds",
        help: "Since the last call of a timer, or the last start, had its answer or none.",
      },
      by(({ agoMs }) => agoMs / SECOND_MS),
    ),
    gauge(
      {
        name: "trtc_failing",
        help: "1: this call was not accepted, no caller caused it, and it is under 5 minutes ago.",
      },
      by((answer) => (isTrtcFailing(answer) ? 1 : 0)),
    ),
  ];
}

export const databaseFamilies = (
  { connections, serverVersion, tables }: DatabaseHealth,
  { migration }: Pick<TimerRuns, "migration">,
): Family[] => [
  info(
    { name: "build", help: "What runs: versions of the code's runtime and of the database." },
    { node: process.version, postgresql: serverVersion, migration: String(migration) },
  ),
  gauge(
    { name: "database_connections", help: "Connections to the database server." },
    connections.used,
  ),
  gauge(
    { name: "database_connections_max", help: "The most that the server takes." },
    connections.max,
  ),
  gauge(
    { name: "table_size_bytes", help: "The size of a table with its indexes." },
    tables.map(({ table, bytes }) => ({ labels: { table }, value: bytes })),
  ),
];
