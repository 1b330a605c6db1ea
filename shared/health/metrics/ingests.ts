/** What ingests do and did: how many play, how starts and ends came out, and what is late. */
import { SECOND_MS } from "../../clock.js";
import type { Backlog } from "../../store/health/backlog.js";
import type { MetricCount } from "../../store/health/counts.js";
import type { EndReason } from "../../store/ingests/ingest-row.js";
import { SOURCES } from "../../store/programmes/programme-row.js";
import { counter, type Family, gauge, histogram, type Sample } from "./family.js";

export const ingestFamilies = (backlog: Backlog, counts: readonly MetricCount[]): Family[] => [
  ...present(backlog),
  ...past(counts),
  ...late(backlog),
];

const present = ({ running, scheduled, starting }: Backlog): Family[] => [
  gauge(
    { name: "running", help: "Ingests that play, also those that are being stopped." },
    running,
  ),
  gauge({ name: "scheduled", help: "Ingests that wait for their StartTime." }, scheduled),
  gauge({ name: "starting", help: "Ingests whose start or restart has no outcome yet." }, starting),
];

/** What becomes of a start. `missed`: nothing tried it in its time. `cancelled`: its end came first. */
const OUTCOMES = ["started", "failed", "missed", "cancelled"];

/** The contract's list would bring its schemas along. */
const REASONS: readonly EndReason[] = ["stopped", "expired", "finished", "failed", "lost", "empty"];

/** Seconds, as migration 21 counts them. */
const BOUNDS = ["0.5", "1", "2", "5", "10", "30", "60", "300", "3600", "+Inf"];

function past(counts: readonly MetricCount[]): Family[] {
  const rowsOf = (name: string) => counts.filter((count) => count.name === name);
  const total = (name: string) => rowsOf(name).reduce((sum, { value }) => sum + value, 0);
  /** Known labels are there before their first event, so that its increase is seen. */
  const by = (key: string, name: string, known: readonly string[]): Sample[] => {
    const rows = rowsOf(name);
    const others = rows.map(({ label }) => label).filter((label) => !known.includes(label));
    return [...known, ...others].map((label) => ({
      labels: { [key]: label },
      value: rows.find((row) => row.label === label)?.value ?? 0,
    }));
  };
  const lateness = rowsOf("stop_lateness");
  const buckets = BOUNDS.map((bound) => ({
    upTo: bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound),
    count: lateness.find(({ label }) => label === bound)?.value ?? 0,
  }));
  const latenessMs = lateness.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return [
    counter(
      { name: "starts", help: "Starts that have an outcome." },
      by("outcome", "starts", OUTCOMES),
    ),
    counter(
      { name: "start_failures", help: "Failed starts, by their error code." },
      by("code", "start_failures", []),
    ),
    counter(
      { name: "ends", help: "Ends of ingests that have played, by the reason known then." },
      by("reason", "ends", REASONS),
    ),
    histogram(
      {
        name: "stop_lateness_seconds",
        help: "From the instant at which a stop was due to TRTC's answer.",
      },
      buckets,
      latenessMs / SECOND_MS,
    ),
    counter(
      { name: "schedule_missed", help: "Occurrences of schedules that nothing started in time." },
      total("missed_occurrences"),
    ),
    counter(
      { name: "restarts", help: "Fresh tasks for ingests whose task had ended before its time." },
      total("restarts"),
    ),
    counter(
      { name: "source_switches", help: "Changes of a running ingest to this source." },
      by("source", "source_switches", SOURCES),
    ),
  ];
}

const late = (backlog: Backlog): Family[] => [
  gauge(
    { name: "overdue_stops", help: "Ingests that play two intervals after their end." },
    backlog.overdue,
  ),
  gauge(
    { name: "overdue_stop_age_seconds", help: "How long the oldest of them is overdue." },
    backlog.oldestOverdueMs / SECOND_MS,
  ),
  gauge(
    { name: "overdue_starts", help: "Scheduled starts that are late by two intervals." },
    backlog.lateStarts,
  ),
  gauge(
    { name: "overdue_steps", help: "Steps of programmes that are late by two intervals." },
    backlog.lateSteps,
  ),
  gauge(
    { name: "overdue_plans", help: "Schedules that were not planned for five minutes." },
    backlog.lateSchedules,
  ),
  gauge(
    {
      name: "unfinished_starts",
      help: "Starts that TRTC or the function left without an outcome.",
    },
    backlog.unfinished,
  ),
  gauge(
    { name: "unclaimed_tasks", help: "Tasks that TRTC reports and no ingest owns." },
    backlog.unclaimed,
  ),
];
