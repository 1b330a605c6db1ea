/** All metrics of a deployment, read from its database. */
import { SECOND_MS, timeLimit } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import type { Services } from "../../ingest/services.js";
import { readBacklog } from "../../store/health/backlog.js";
import { readBudgets } from "../../store/health/budgets.js";
import { readCounts } from "../../store/health/counts.js";
import { readHealth } from "../../store/health/database.js";
import { readDeliveries } from "../../store/health/deliveries.js";
import { readSlotUse } from "../../store/health/slots.js";
import { readSpending } from "../../store/health/spending.js";
import { readTimerRuns } from "../../store/health/timer-runs.js";
import { readTrtcAnswers } from "../../store/health/trtc-answers.js";
import type { Place } from "../../store/places.js";
import { graceMsOf, ticksOf } from "../examine.js";
import { timerStates } from "../timers.js";
import { type Family, gauge, type Sample } from "./family.js";
import { ingestFamilies } from "./ingests.js";
import { budgetFamilies, spendingFamilies } from "./spending.js";
import {
  databaseFamilies,
  deliveryFamilies,
  slotFamilies,
  timerFamilies,
  trtcFamilies,
} from "./operations.js";

/** Prometheus gives up a scrape after ten seconds. */
const DATABASE_MAX_MS = 4 * SECOND_MS;

/**
 * Of several databases, each has samples with its label. One that is away has only
 * `trtc_ingest_database_up 0`. Throws ApiError while all are away: a scrape then fails, and `up` is 0.
 */
export async function readMetrics(services: Services): Promise<Family[]> {
  const { places, log } = services;
  if (!places) return [...(await readPlace(services)), databaseUp([{ value: 1 }])];
  const parts = await Promise.all(places.all.map((place) => readOrAway(services, place)));
  const away = parts.flatMap((part) => part.away ?? []);
  if (away[0] && away.length === parts.length) throw away[0];
  for (const { detail, message } of away) {
    const why = `metrics without one database: ${detail ?? message}`;
    log({ level: "warn", outcome: "error", detail: why });
  }
  const up = parts.map(({ name, away }) => ({ labels: { database: name }, value: away ? 0 : 1 }));
  return [...joinedByName(parts.flatMap(({ families }) => families)), databaseUp(up)];
}

interface Part {
  /** Of the database. */
  name: string;
  families: Family[];
  away?: ApiError;
}

async function readOrAway(services: Services, { store, name }: Place): Promise<Part> {
  try {
    const families = await inTime(readPlace({ ...services, store }));
    return { name, families: families.map((family) => labelled(family, name)) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { name, families: [], away: error };
  }
}

/** A machine that has died is silent for longer than a scraper waits. */
async function inTime<T>(reading: Promise<T>): Promise<T> {
  const limit = timeLimit(DATABASE_MAX_MS);
  const late = new Promise<never>((_, reject) => {
    limit.signal.addEventListener("abort", () => {
      reject(new ApiError("ServiceUnavailable", undefined, { detail: "The database is silent" }));
    });
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    limit.end();
  }
}

const databaseUp = (samples: readonly Sample[]): Family =>
  gauge({ name: "database_up", help: "1: the database answers. 0: it is away." }, samples);

const labelled = (family: Family, database: string): Family => ({
  ...family,
  samples: family.samples.map((sample) => ({ ...sample, labels: { database, ...sample.labels } })),
});

/** A family stands once in an exposition, with all of its samples. */
function joinedByName(families: readonly Family[]): Family[] {
  const byName = new Map<string, Family>();
  for (const family of families) {
    const known = byName.get(family.name);
    const samples = known ? [...known.samples, ...family.samples] : family.samples;
    byName.set(family.name, { ...family, samples });
  }
  return [...byName.values()];
}

async function readPlace({ store, config }: Services): Promise<Family[]> {
  const { read } = store.health;
  const graceMs = graceMsOf(config);
  const backlog = await read((query) => readBacklog(query, { graceMs }));
  const timers = await read(readTimerRuns);
  const counts = await read(readCounts);
  return [
    ...ingestFamilies(backlog, counts),
    ...timerFamilies(timerStates(timers, ticksOf(config))),
    ...deliveryFamilies(await read(readDeliveries), counts),
    ...slotFamilies(await read(readSlotUse)),
    ...spendingFamilies(await read(readSpending)),
    ...budgetFamilies(await read(readBudgets)),
    ...trtcFamilies(await read(readTrtcAnswers)),
    ...databaseFamilies(await read(readHealth), timers),
  ];
}
