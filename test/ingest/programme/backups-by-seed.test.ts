/**
 * A thousand main sources that fail and come back, each by its seed, over the real functions and the
 * emulator: when the backup comes on air, and when the main source comes back.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { makeRandom } from "../../simulation/random.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { answerTo, callbackEvent, OK, source } from "../../support/http/callbacks.js";
import { CLIP } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import { cases } from "../../support/properties.js";

const SEEDS = cases(1000);
const SEEDS_AT_ONCE = Math.min(SEEDS, 250);

/** The longest time from the third failure to the backup. */
const BACKUP_MAX_SECONDS = 5;
/** A main source is read this long after its failure at the latest, and then this often. */
const FIRST_READING_SECONDS = 10;
const READ_EVERY_SECONDS = 10;
/** A step waits for its slot, and times are compared in whole seconds. */
const STEP_MAX_SECONDS = 2;

const INTERVAL_SECONDS = 10;

let ours: ScheduledApp;
let server: MediaServer;

beforeAll(async () => {
  server = await startMediaServer();
  ours = await openScheduledApp();
});
afterAll(async () => {
  await ours.app.close();
  await server.close();
});

/** One failure of a main source, in seconds of the wave. */
interface Failure {
  /** The first of three reports. */
  at: number;
  downSeconds: number;
  /** When the third report was sent, and when the source answered again. */
  thirdAt: number;
  wellAt: number;
}

interface Case {
  seed: number;
  clearSeconds: number;
  failures: Failure[];
}

const failureAt = (at: number, downSeconds: number): Failure => ({
  at,
  downSeconds,
  thirdAt: Infinity,
  wellAt: Infinity,
});

/** The second failure is after the main source has surely come back from the first. */
function caseOf(seed: number): Case {
  const random = makeRandom(seed);
  const clearSeconds = random.between(5, 40);
  const first = failureAt(random.between(1, 60), random.between(0, 60));
  const backSeconds = FIRST_READING_SECONDS + READ_EVERY_SECONDS + clearSeconds + 10;
  const second = failureAt(first.at + first.downSeconds + backSeconds, random.between(0, 30));
  return { seed, clearSeconds, failures: random.chance(0.3) ? [first, second] : [first] };
}

const pathOf = ({ seed }: Case): string => `/main-${seed}.mp4`;

interface Played {
  url: string;
  from: number;
}

/** Plays a wave of cases at once. Returns what was on air, and when, in seconds of the wave. */
async function play(wave: readonly Case[]): Promise<Map<number, Played[]>> {
  await ours.clear();
  const rows = new Map<number, Awaited<ReturnType<ScheduledApp["scheduled"]>>>();
  for (const one of wave) {
    server.put(pathOf(one), CLIP);
    rows.set(
      one.seed,
      await ours.scheduled({
        StreamUrl: server.urlOf(pathOf(one)),
        BackupStreamUrl: ours.app.clip,
        SourceClearSeconds: one.clearSeconds,
      }),
    );
  }
  const beganMs = ours.clock.now().getTime();
  const now = () => (ours.clock.now().getTime() - beganMs) / SECOND_MS;
  const runs: Promise<unknown>[] = [];
  for (let second = 0; second <= lastSecond(wave); second += 1) {
    // A report that waits for its slot takes time.
    await ours.clock.advance(Math.max(0, second - now()) * SECOND_MS);
    if (second % INTERVAL_SECONDS === 0) runs.push(ours.startRun(advanceIngests));
    const reports = wave.flatMap((one) => {
      const taskId = rows.get(one.seed)?.taskId ?? "";
      return one.failures
        .filter((failure) => liveOneSecond(one, failure, { second, now }))
        .map(() => report(taskId));
    });
    const answers = await ours.clock.advanceUntilDone(Promise.all(reports));
    expect(answers.filter(({ status }) => status !== OK.status)).toEqual([]);
  }
  await ours.clock.advanceUntilDone(Promise.all(runs));
  const played = new Map<number, Played[]>();
  for (const [seed, row] of rows) {
    const tasks = await row.tasks();
    expect(tasks).toHaveLength(1);
    played.set(
      seed,
      tasks.flatMap((task) =>
        task.played.map(({ streamUrl, from }) => ({
          url: streamUrl,
          from: (Date.parse(from) - beganMs) / SECOND_MS,
        })),
      ),
    );
  }
  return played;
}

const lastSecond = (wave: readonly Case[]): number =>
  Math.max(
    ...wave.flatMap(({ failures }) => failures.map(({ at, downSeconds }) => at + downSeconds)),
  ) + 150;

/** The main source dies or comes back. True when TRTC cannot open it, which it tries each second. */
function liveOneSecond(
  one: Case,
  failure: Failure,
  { second, now }: { second: number; now: () => number },
): boolean {
  const { at, downSeconds } = failure;
  if (second === at) server.remove(pathOf(one));
  if (second === at + downSeconds) {
    server.put(pathOf(one), CLIP);
    failure.wellAt = now();
  }
  if (second === at + 2) failure.thirdAt = now();
  return second >= at && second <= at + 2;
}

async function report(taskId: string) {
  const row = await ours.services.store.ingests.read(taskId);
  const failure = source(row?.trtcTaskId ?? "", 1, ours.clock.now());
  return answerTo(ours.services, callbackEvent(failure));
}

/** Each failure doubles the time of health. */
const clearOf = ({ clearSeconds, failures }: Case, failure: Failure): number =>
  clearSeconds * 2 ** failures.indexOf(failure);

const backBy = (one: Case, failure: Failure): number =>
  Math.max(failure.wellAt + READ_EVERY_SECONDS, failure.thirdAt + FIRST_READING_SECONDS) +
  clearOf(one, failure) +
  STEP_MAX_SECONDS;

/** What a case should not have done, in words; empty when all is well. */
function faultsOf(one: Case, played: readonly Played[]): string[] {
  const names = played.map(({ url }) => (url === ours.app.clip ? "backup" : "main"));
  const expected = ["main", ...one.failures.flatMap(() => ["backup", "main"])];
  if (names.join() !== expected.join()) return [`seed ${one.seed}: played ${names.join()}`];
  return one.failures.flatMap((failure, index) => {
    const backup = played[2 * index + 1]?.from ?? Infinity;
    const back = played[2 * index + 2]?.from ?? Infinity;
    const third = failure.thirdAt;
    const isInTime = backup >= third && backup <= third + BACKUP_MAX_SECONDS;
    const isBackInTime =
      back >= failure.wellAt + clearOf(one, failure) && back <= backBy(one, failure);
    return [
      ...(isInTime ? [] : [`seed ${one.seed}: backup at ${backup}, third failure at ${third}`]),
      ...(isBackInTime
        ? []
        : [
            `seed ${one.seed}: back at ${back}, well at ${failure.wellAt}, by ${backBy(one, failure)}`,
          ]),
    ];
  });
}

const waves = Array.from({ length: SEEDS / SEEDS_AT_ONCE }, (_, wave) =>
  Array.from({ length: SEEDS_AT_ONCE }, (_, place) => caseOf(1 + wave * SEEDS_AT_ONCE + place)),
);

test.each(waves.map((wave) => [wave[0]?.seed, wave.at(-1)?.seed, wave] as const))(
  "seeds %i to %i: the backup comes within 5 s, and the main source as configured",
  async (_first, _last, wave) => {
    const played = await play(wave);
    expect(wave.flatMap((one) => faultsOf(one, played.get(one.seed) ?? []))).toEqual([]);
  },
  10 * 60_000,
);
