/**
 * After a time without advance-ingests, several starts of one schedule may be late. At most the
 * newest one of them is caught up, and the others are missed.
 */
import { addMs, SECOND_MS } from "../../clock.js";
import { type Ingest, isScheduled } from "../../store/ingests/ingest-row.js";
import { learnPlace } from "../programme/read-sources.js";
import type { Services } from "../services.js";
import { PROBE_RESERVE_MS } from "../timing.js";

/** A start on the second is not late. */
const LATE_MS = SECOND_MS;

/** Less than the claim of the start. */
const LEARN_MAX_MS = 4 * SECOND_MS;

/**
 * A late start at the position of the clock has to know what is on air by now. Planning reads no
 * source, so the lengths are read here.
 */
export async function withPosition(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { clock } = services;
  const at = clock.now();
  const { programme } = claimed;
  const hasClock = programme !== null && programme.anchor.at !== null;
  if (!hasClock || !isLate(claimed, addMs(at, -LATE_MS))) return claimed;
  const endsMs = clock.elapsedMs() + LEARN_MAX_MS;
  const leftMs = () => Math.min(endsMs - clock.elapsedMs(), timeLeftMs() - PROBE_RESERVE_MS);
  return { ...claimed, programme: await learnPlace(services, { programme, at, leftMs }) };
}

/**
 * Ends the late starts of the schedule that nothing has tried, all but the newest one. `others` are
 * the rows of the room. `claimed`: that one has ended. `earlier`: the room has other rows now.
 */
export async function passOverLate(
  { store, log }: Services,
  { claimed, others, at }: { claimed: Ingest; others: readonly Ingest[]; at: Date },
): Promise<"claimed" | "earlier" | "none"> {
  const { taskId, callerId } = claimed;
  const lateBefore = addMs(at, -LATE_MS);
  const isEarlier = (other: Ingest) =>
    nameOf(other) === nameOf(claimed) &&
    startMs(other) < startMs(claimed) &&
    isLate(other, lateBefore);
  const hasEarlier = others.some(isEarlier);
  if (!hasEarlier && !isLate(claimed, lateBefore)) return "none";
  const taskIds = await store.overlap.markPassedOver({ claimed, at, lateBefore, ...PASSED_OVER });
  for (const ingest of taskIds) {
    log({ level: "warn", ingest, caller: callerId, outcome: "missed" });
  }
  // Another start may have ended them just before. An ended one would go on to cut the newest.
  const now = await store.ingests.read(taskId);
  if (!now || !isScheduled(now)) return "claimed";
  return hasEarlier ? "earlier" : "none";
}

const isLate = (row: Ingest, lateBefore: Date): boolean =>
  isScheduled(row) && row.failureCode === null && startMs(row) <= lateBefore.getTime();

const nameOf = ({ occurrence }: Ingest): string | undefined => occurrence?.scheduleId;

const startMs = ({ startsAt, createdAt }: Ingest): number => (startsAt ?? createdAt).getTime();

const PASSED_OVER = {
  code: "FailedOperation",
  message:
    "The start was late, and a newer occurrence of its schedule plays instead: check that the timer of advance-ingests runs.",
};
