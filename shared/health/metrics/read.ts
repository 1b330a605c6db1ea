/** All metrics of a deployment, read from its database. */
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
import { graceMsOf, ticksOf } from "../examine.js";
import { timerStates } from "../timers.js";
import type { Family } from "./family.js";
import { ingestFamilies } from "./ingests.js";
import { budgetFamilies, spendingFamilies } from "./spending.js";
import {
  databaseFamilies,
  deliveryFamilies,
  slotFamilies,
  timerFamilies,
  trtcFamilies,
} from "./operations.js";

/**
 * Throws ApiError while the database is away: a scrape then fails, and `up` is 0. Of several
 * databases, each has samples with its label.
 */
export async function readMetrics(services: Services): Promise<Family[]> {
  const { places } = services;
  if (!places) return readPlace(services);
  const families = await Promise.all(
    places.all.map(async ({ store, name }) =>
      (await readPlace({ ...services, store })).map((family) => labelled(family, name)),
    ),
  );
  return joinedByName(families.flat());
}

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
