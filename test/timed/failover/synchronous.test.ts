/**
 * The database's machine dies ten times under load: the primary of a synchronous pair is killed, and
 * its standby takes over. Nothing that was answered is lost, and deadlines hold.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { describeWith } from "../../support/needed.js";
import { POSTGRES_BIN } from "../../support/programs.js";
import type { Failover } from "../../support/database/pair/pair.js";
import { expectAgreement, type Outcome, readOutcome, untilAllEnded } from "../load/agreement.js";
import { type Insistence, makeCallers } from "../load/callers.js";
import { type Accepted, drawing, liveLife, systemSeed } from "../load/lives.js";
import { type ServersOnPair, startServersOnPair } from "./servers.js";

const FAILOVERS = Number(process.env["FAILOVERS"] ?? "10");
/** A machine of two cores also copies a database after each failover. */
const LIFE_EVERY_MS = 500;
/** Between the new standby and the next death of the primary. */
const CALM_MS = 3 * SECOND_MS;
/** The claim of a stop or of an update, and one second. */
const LATE_MS = 11 * SECOND_MS;
const OUTAGE_BEYOND_MS = 2 * SECOND_MS;

/** Draws the same lives again: `FAILOVER_SEED=… npm run jest -- test/timed/failover/synchronous`. */
const SEED = Number(process.env["FAILOVER_SEED"] ?? systemSeed());

const POSTGRES = {
  isThere: POSTGRES_BIN !== undefined,
  program: "PostgreSQL (apt-get install postgresql-15)",
};

describeWith(POSTGRES, "a synchronous pair under load", () => {
  let running: ServersOnPair;
  beforeAll(async () => {
    running = await startServersOnPair("synchronous");
  }, 2 * MINUTE_MS);
  afterAll(() => running.close());

  test(
    `loses nothing that was answered in ${FAILOVERS} failovers, and keeps its deadlines (seed ${SEED})`,
    async () => {
      const { pair, emulator, live, servers } = running;
      const callers = makeCallers(() => servers.map(({ url }) => url));
      const places = { callers, emulatorUrl: emulator.url, liveUrl: live.url };
      const lives: Promise<Accepted>[] = [];
      const load = { isOver: false };
      const starting = (async () => {
        for (let n = 0; !load.isOver; n += 1) {
          lives.push(liveLife(n, { ...places, random: drawing(SEED, n) }));
          await clock.sleep(LIFE_EVERY_MS);
        }
      })();
      const failovers: Failover[] = [];
      for (let n = 0; n < FAILOVERS; n += 1) {
        await clock.sleep(CALM_MS);
        const detectMs = drawing(SEED, 10_000 + n)(0.5, 4) * SECOND_MS;
        failovers.push(await pair.failOver({ detectMs, isEarly: n % 2 === 1 }));
        await pair.rebuild();
      }
      load.isOver = true;
      await starting;
      const accepted = await Promise.all(lives);
      const database = openPostgres(pair.url);
      await untilAllEnded(database.query);
      const outcome = await readOutcome(database.query, emulator.url);
      await database.close();

      const waits = failovers.flatMap((failover) => waitsBeyond(failover, callers.insistences));
      const lateness = outcome.ingests.map((ingest) => latenessOf(ingest, outcome, failovers));
      const switches = switchesOf(outcome);
      report({ failovers, waits, lateness, switches, ingests: outcome.ingests });

      expect(callers.refusals).toEqual([]);
      expectAgreement(accepted, outcome, Infinity);
      expectAccepted(accepted, outcome);
      expect(Math.max(...lateness)).toBeLessThanOrEqual(LATE_MS);
      expect(switches).toBeGreaterThan(FAILOVERS);
      expect(quantile(waits, 0.99)).toBeLessThanOrEqual(OUTAGE_BEYOND_MS);
    },
    8 * MINUTE_MS,
  );
});

/** A stop or an update that was answered with success stands in the row, and what it switched to plays. */
function expectAccepted(lives: readonly Accepted[], { ingests, byRobot }: Outcome): void {
  const rows = new Map(ingests.map((ingest) => [ingest.taskId, ingest]));
  for (const { starts, movedTo, switchedTo, isStopped } of lives) {
    const [first] = starts;
    const row = rows.get(first?.TaskId ?? "");
    if (!row) continue;
    expect(["expired", "stopped"]).toContain(row.endReason);
    if (movedTo) expect(row.deadlineAt).toEqual(movedTo);
    const onAir = byRobot.get(row.robotUserId)?.at(-1)?.played.at(-1)?.streamUrl;
    if (switchedTo !== undefined) expect(onAir).toBe(switchedTo);
    if (isStopped && row.endReason === "stopped") expect(row.stopAskedAt).not.toBeNull();
  }
}

/** How often lists switched to another item. */
const switchesOf = ({ ingests, byRobot }: Outcome): number =>
  ingests
    .filter(({ programme }) => programme !== null)
    .flatMap(({ robotUserId }) => byRobot.get(robotUserId) ?? [])
    .reduce((sum, { played }) => sum + played.length - 1, 0);

/** How long each request of an outage waited, beyond the failover's own time. */
function waitsBeyond({ killedAt, writesAt }: Failover, insistences: Insistence[]): number[] {
  const [killedMs, writesMs] = [killedAt.getTime(), writesAt.getTime()];
  return insistences
    .filter(({ from, to }) => from.getTime() < writesMs && to.getTime() > killedMs)
    .map(({ from, to }) => to.getTime() - Math.max(from.getTime(), killedMs))
    .map((waitedMs) => waitedMs - (writesMs - killedMs));
}

/** From the deadline, or from the moment when a new primary took writes, if the outage held it. */
function latenessOf(
  { deadlineAt, robotUserId }: Ingest,
  { byRobot }: Outcome,
  failovers: readonly Failover[],
): number {
  const ends = (byRobot.get(robotUserId) ?? []).map(({ endedAt }) => Date.parse(endedAt ?? ""));
  const endedMs = Math.max(...ends, 0);
  const outages = failovers.filter(
    ({ killedAt, writesAt }) =>
      writesAt.getTime() <= endedMs && killedAt.getTime() <= deadlineAt.getTime() + LATE_MS,
  );
  const from = [deadlineAt, ...outages.map(({ writesAt }) => writesAt)];
  return endedMs - Math.max(...from.map((at) => at.getTime()));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const seconds = (ms: number): string => (ms / SECOND_MS).toFixed(1);

interface Figures {
  failovers: readonly Failover[];
  waits: readonly number[];
  lateness: readonly number[];
  switches: number;
  ingests: readonly Ingest[];
}

function report({ failovers, waits, lateness, switches, ingests }: Figures): void {
  const own = failovers.map(({ killedAt, writesAt }) => writesAt.getTime() - killedAt.getTime());
  process.stdout.write(
    `\n${failovers.length} failovers of ${seconds(quantile(own, 0.5))} s (at most ${seconds(Math.max(...own))} s), ` +
      `${ingests.length} ingests, ${switches} switches of lists; ${waits.length} requests met one and waited beyond it p50 ${seconds(quantile(waits, 0.5))} s, ` +
      `p99 ${seconds(quantile(waits, 0.99))} s, at most ${seconds(Math.max(...waits))} s; ` +
      `latest deadline ${seconds(Math.max(...lateness))} s after it or the new primary\n`,
  );
}
