/**
 * Plans the occurrences of the next 24 hours, settles those that are over, and forgets what was
 * settled long ago. A timer calls it. A run with nothing to do costs one statement.
 *
 * Any number of runs may overlap. A run locks a batch of schedules, and another run passes over
 * them. A run that is killed leaves each batch either planned or as it was.
 */
import { RUNTIME_ZONES } from "../../calendar/zones.js";
import { addMs, DAY_MS, SECOND_MS } from "../../clock.js";
import type { Config } from "../../config/configuration.js";
import type { Services } from "../../ingest/services.js";
import { planLocked } from "./carry-out.js";

/**
 * `planned`: schedules that were looked at. `scheduled`: ingests that were written. The others count
 * settled occurrences, and schedules that were paused after failures.
 */
export interface PlanCounts extends Record<string, number> {
  planned: number;
  scheduled: number;
  done: number;
  skipped: number;
  missed: number;
  failed: number;
  cut: number;
  paused: number;
  forgotten: number;
}

/** A batch and its statements fit in this. */
const RESERVE_MS = 8 * SECOND_MS;

const PLAN_BATCH = 500;
const SETTLE_BATCH = 500;
const FORGET_BATCH = 1000;

interface Run {
  timeLeftMs: () => number;
  /** For tests: the version of the runtime's time zone data. */
  tzdata?: string;
}

export async function planSchedules(
  services: Services,
  { timeLeftMs, ...run }: Run,
): Promise<PlanCounts> {
  const { store, clock, zones = RUNTIME_ZONES } = services;
  const { tzdata = zones.version } = run;
  const counts: PlanCounts = {
    planned: 0,
    scheduled: 0,
    done: 0,
    skipped: 0,
    missed: 0,
    failed: 0,
    cut: 0,
    paused: 0,
    forgotten: 0,
  };
  const duty = { counts, tzdata, hasTime: () => timeLeftMs() > RESERVE_MS };
  const at = clock.now();
  const forgetBefore = forgetBeforeOf(services.config, at);
  const duties = await store.schedules.readDuties({ at, tzdata, forgetBefore });
  if (duties.isOutdated) await store.schedules.planAgain({ tzdata, at });
  // A schedule that is paused after its failures is planned then, which takes its starts back.
  if (duties.isSettleDue) await settle(services, duty);
  if (duties.isPlanDue || duties.isOutdated || duties.isSettleDue) {
    await plan(services, duty);
    await settle(services, duty);
  }
  if (duties.isForgetDue) await forget(services, duty, forgetBefore);
  return counts;
}

/** Settled occurrences and deleted schedules go then. Nothing is from before 1970. */
const forgetBeforeOf = (config: Pick<Config, "retentionDays">, at: Date): Date =>
  config.retentionDays === 0 ? new Date(0) : addMs(at, -config.retentionDays * DAY_MS);

interface Duty {
  counts: PlanCounts;
  tzdata: string;
  hasTime: () => boolean;
}

/** One lane computes while the database writes what the other one has computed. */
async function plan(services: Services, duty: Duty): Promise<void> {
  if (await planBatch(services, duty)) {
    await Promise.all([planBatches(services, duty), planBatches(services, duty)]);
  }
}

async function planBatches(services: Services, duty: Duty): Promise<void> {
  while (await planBatch(services, duty));
}

/** True: there may be more. */
async function planBatch(services: Services, { counts, tzdata, hasTime }: Duty): Promise<boolean> {
  const { store, clock } = services;
  if (!hasTime()) return false;
  const now = clock.now();
  const batch = await store.schedules.transaction(async (writes) => {
    const schedules = await writes.claim({ at: now, limit: PLAN_BATCH });
    return planLocked(services, writes, { schedules, now, tzdata });
  });
  counts.planned += batch.schedules.length;
  counts.scheduled += batch.starts;
  return batch.schedules.length === PLAN_BATCH;
}

async function settle(
  { store, clock }: Services,
  { counts, hasTime }: Pick<Duty, "counts" | "hasTime">,
): Promise<void> {
  while (hasTime()) {
    const settled = await store.schedules.settle({ at: clock.now(), limit: SETTLE_BATCH });
    const { Done = 0, Skipped = 0, Missed = 0, Failed = 0, Cut = 0, Paused = 0 } = settled;
    counts.done += Done;
    counts.skipped += Skipped;
    counts.missed += Missed;
    counts.failed += Failed;
    counts.cut += Cut;
    counts.paused += Paused;
    if (Done + Skipped + Missed + Failed + Cut < SETTLE_BATCH) return;
  }
}

async function forget(
  { store }: Services,
  { counts, hasTime }: Pick<Duty, "counts" | "hasTime">,
  before: Date,
): Promise<void> {
  while (hasTime()) {
    const forgotten = await store.schedules.forgetOccurrences({ before, limit: FORGET_BATCH });
    counts.forgotten += forgotten;
    if (forgotten < FORGET_BATCH) break;
  }
  await store.schedules.forget({ before, limit: FORGET_BATCH });
}
