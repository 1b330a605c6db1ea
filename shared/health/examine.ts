/** The health of a deployment, from its database: what a load balancer and an operator ask. */
import { asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import type { Place } from "../store/places.js";
import type { Config } from "../config/configuration.js";
import { type DatabaseHealth, readHealth } from "../store/health/database.js";
import { readTimerRuns } from "../store/health/timer-runs.js";
import { clockSkew, connections, tableSizes } from "./database.js";
import { fail, pass, type Row, type Verdict } from "./row.js";
import { areTimersOnTime, type Ticks } from "./timers.js";
import { workRows } from "./work.js";

export interface Health {
  /** The worst verdict of the checks. */
  status: Verdict;
  checks: Row[];
}

/**
 * True when the database answers and no timer is late by three intervals. Of several databases one is
 * enough: the accounts of the others still need this deployment while one is away.
 */
export async function isReady(services: Services): Promise<boolean> {
  const stores = services.places?.all.map(({ store }) => store) ?? [services.store];
  const ready = await Promise.all(stores.map((store) => isPlaceReady({ ...services, store })));
  return ready.includes(true);
}

async function isPlaceReady({ store, config, log }: Services): Promise<boolean> {
  try {
    return areTimersOnTime(await store.health.read(readTimerRuns), ticksOf(config));
  } catch (error) {
    log({ level: "warn", outcome: "error", detail: `not ready: ${asApiError(error).message}` });
    return false;
  }
}

export const ticksOf = (config: Config): Ticks => ({
  advanceTickMs: config.advanceTickMs,
  expiryTickMs: config.expiryTickMs,
});

/** Work is late after two runs of the timer that ends ingests. */
export const graceMsOf = ({ expiryTickMs }: Pick<Config, "expiryTickMs">): number =>
  2 * expiryTickMs;

export async function examineHealth(services: Services): Promise<Health> {
  const { places } = services;
  const checks = places
    ? (await Promise.all(places.all.map((place) => rowsOfPlace(services, place)))).flat()
    : await rowsOf(services);
  const status = WORST_FIRST.find((verdict) => checks.some((row) => row.verdict === verdict));
  return { status: status ?? "pass", checks };
}

/** Each row names its database, by its accounts. */
async function rowsOfPlace(services: Services, { store, name }: Place): Promise<Row[]> {
  const rows = await rowsOf({ ...services, store });
  return rows.map((row) => ({ ...row, check: `${name}: ${row.check}` }));
}

const WORST_FIRST: readonly Verdict[] = ["fail", "warn", "pass"];

async function rowsOf({ store, config, machineClock }: Services): Promise<Row[]> {
  const { health } = store;
  const beforeMs = machineClock.now().getTime();
  let database: DatabaseHealth;
  try {
    database = await health.read(readHealth);
  } catch (error) {
    const advice = "check that it runs, that the functions reach it, and that it is migrated";
    const { detail, message } = asApiError(error);
    return [fail("database", detail ?? message, advice)];
  }
  const skewMs = database.nowMs - (beforeMs + machineClock.now().getTime()) / 2;
  const graceMs = graceMsOf(config);
  return [
    pass("database", `PostgreSQL ${database.serverVersion} answers`),
    connections(database),
    clockSkew(skewMs),
    tableSizes(database),
    ...(await health.read((query) => workRows(query, { ticks: ticksOf(config), graceMs }))),
  ];
}
