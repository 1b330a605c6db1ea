/** What is wrong with an ingest, in sentences. A pure function of its row. */
import { addMs } from "../clock.js";
import { duration } from "../duration.js";
import { dueAt } from "../ingest/lifecycle.js";
import { type Ingest, waitsToStart } from "../store/ingests/ingest-row.js";
import { LATE_MS, START_MS } from "../store/trouble.js";
import { withoutQueries } from "../trtc/trtc-error.js";

/** Empty: nothing is known to be wrong. */
export function troubleOf(ingest: Ingest, now: Date): string[] {
  const checks = ingest.state === "ended" ? [failedEnd] : LIVE;
  return checks.map((check) => check(ingest, now)).filter((sentence) => sentence !== undefined);
}

type Check = (ingest: Ingest, now: Date) => string | undefined;

const LIVE: readonly Check[] = [
  overdueEnd,
  openStart,
  lateStart,
  failingStart,
  sourceTrouble,
  standIn,
  lateStep,
  lostStart,
];

const isPast = (at: Date | null, now: Date, byMs: number): at is Date =>
  at !== null && addMs(at, byMs) <= now;

const since = (at: Date, now: Date): string => duration(now.getTime() - at.getTime());

function failedEnd({ endReason, failureCode, failureMessage }: Ingest): string | undefined {
  if (endReason === "lost") return "TRTC no longer knew its task";
  if (endReason !== "failed") return undefined;
  const why = [failureCode, failureMessage].filter((text) => text !== null).join(": ");
  return why === "" ? "its source failed" : `it failed: ${withoutQueries(why)}`;
}

function overdueEnd(ingest: Ingest, now: Date): string | undefined {
  const due = dueAt(ingest);
  if (ingest.state === "starting" || !isPast(due, now, LATE_MS)) return undefined;
  return `its stop is late by ${since(due, now)}: expire-ingests does not run, or TRTC refuses`;
}

function openStart(ingest: Ingest, now: Date): string | undefined {
  if (ingest.state !== "starting" || waitsToStart(ingest)) return undefined;
  if (!isPast(ingest.createdAt, now, START_MS)) return undefined;
  return `its start has no answer since ${since(ingest.createdAt, now)}: reconcile-ingests tries it`;
}

function lateStart(ingest: Ingest, now: Date): string | undefined {
  if (!waitsToStart(ingest) || !isPast(ingest.advanceAt, now, LATE_MS)) return undefined;
  return `its start is late by ${since(ingest.advanceAt, now)}: advance-ingests does not run`;
}

function failingStart({ state, failureCode, failureMessage }: Ingest): string | undefined {
  if (state !== "starting" || failureCode === null) return undefined;
  return `its start fails: ${withoutQueries(`${failureCode}: ${failureMessage ?? ""}`)}`;
}

function sourceTrouble({ mediaState, mediaAt }: Ingest, now: Date): string | undefined {
  if (mediaState !== "retrying" && mediaState !== "failed") return undefined;
  const when = mediaAt === null ? "" : ` since ${since(mediaAt, now)}`;
  return mediaState === "failed"
    ? `TRTC cannot open its source${when}`
    : `TRTC opens its source again${when}`;
}

function standIn({ onAir }: Ingest, now: Date): string | undefined {
  if (!onAir || onAir.source === "primary") return undefined;
  return `the ${onAir.source} plays since ${since(new Date(onAir.since), now)}`;
}

function lateStep({ state, stepAt }: Ingest, now: Date): string | undefined {
  if (state !== "running" || !isPast(stepAt, now, LATE_MS)) return undefined;
  return `its next switch is late by ${since(stepAt, now)}: advance-ingests does not run`;
}

function lostStart({ lateStartUntil }: Ingest, now: Date): string | undefined {
  if (lateStartUntil === null || lateStartUntil <= now) return undefined;
  return `a lost start may still arrive until ${lateStartUntil.toISOString()}`;
}
