/**
 * The bounds that the README states, one test each, with the timers as they are deployed: a run of
 * expire-ingests and one of settle-ingests every minute, the second half a minute after the first.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../shared/clock.js";
import { expireIngests } from "../shared/ingest/expire.js";
import { settleIngests } from "../shared/ingest/settle.js";
import { CN_APP } from "./support/house.js";
import { type RtmpServer, startRtmpServer } from "./support/rtmp-server.js";
import { openTimedHouse, type TimedHouse } from "./support/timed-house.js";

let timed: TimedHouse;
let live: RtmpServer;
let rooms = 0;

beforeAll(async () => {
  live = await startRtmpServer();
  timed = await openTimedHouse();
});
beforeEach(async () => {
  timed.trtc.turn({});
  await timed.house.database.query("delete from ingest");
});
afterAll(async () => {
  await timed.house.close();
  await live.close();
});

type Timer = typeof expireIngests | typeof settleIngests;

function startRun(timer: Timer, limitMs: number): Promise<unknown> {
  const { clock, services } = timed;
  const endsMs = clock.elapsedMs() + limitMs;
  return timer(services, { timeLeftMs: () => endsMs - clock.elapsedMs() });
}

/** So many minutes pass, with what serverless.yml lets run in them. */
async function pass(minutes: number): Promise<void> {
  const { clock } = timed;
  const runs: Promise<unknown>[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    runs.push(startRun(expireIngests, 100 * SECOND_MS));
    await clock.advance(30 * SECOND_MS);
    runs.push(startRun(settleIngests, 60 * SECOND_MS));
    await clock.advance(30 * SECOND_MS);
  }
  await clock.advanceUntilDone(Promise.all(runs));
}

const inSeconds = (seconds: number): string =>
  addMs(timed.clock.now(), seconds * SECOND_MS).toISOString();

async function start(fields: object = {}) {
  const { clock, house } = timed;
  const RoomId = `promised-${(rooms += 1)}`;
  const request = {
    ...{ SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: live.url, RepeatNum: 1 },
    ClientToken: RoomId,
  };
  const { response } = await clock.advanceUntilDone(
    house.post("start-ingest", { ...request, ...fields }),
  );
  const tasks = async () => (await house.truth.tasks()).filter(({ roomId }) => roomId === RoomId);
  const lateMs = async (deadline: string) => {
    const ends = (await tasks()).map(({ endedAt }) => new Date(endedAt ?? Number.NaN).getTime());
    return Math.max(...ends) - new Date(deadline).getTime();
  };
  return { response, tasks, lateMs };
}

test("nothing failing: every ingest is stopped on its second", async () => {
  const StopTime = inSeconds(75);
  const all = [];
  for (let n = 0; n < 20; n += 1) all.push(await start({ StopTime }));
  await pass(2);
  for (const { lateMs } of all) {
    const late = await lateMs(StopTime);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(SECOND_MS);
  }
});

test("an instance killed with its claims in hand: 11 s, while another run is there", async () => {
  const StopTime = inSeconds(20);
  const { lateMs } = await start({ StopTime });
  await timed.clock.advance(19.5 * SECOND_MS);
  const at = timed.clock.now();
  const claim = { at, horizonAt: addMs(at, SECOND_MS), leaseMs: 10 * SECOND_MS, limit: 20 };
  expect(await timed.services.store.claimDue(claim)).toHaveLength(1);
  await pass(1);
  expect(await lateMs(StopTime)).toBeLessThan(11 * SECOND_MS);
});

test("every instance killed: the next tick, and a claim's 10 s", async () => {
  const StopTime = inSeconds(20);
  const { lateMs } = await start({ StopTime });
  await timed.clock.advance(19.5 * SECOND_MS);
  const at = timed.clock.now();
  const claim = { at, horizonAt: addMs(at, SECOND_MS), leaseMs: 10 * SECOND_MS, limit: 20 };
  expect(await timed.services.store.claimDue(claim)).toHaveLength(1);
  await timed.clock.advance(MINUTE_MS);
  await pass(1);
  expect(await lateMs(StopTime)).toBeLessThan(70 * SECOND_MS);
});

test("TRTC refusing every stop for a minute: 16 s after it answers again", async () => {
  const { clock, trtc, house } = timed;
  const StopTime = inSeconds(5);
  const { lateMs } = await start({ StopTime });
  const refusals = Array.from({ length: 200 }, () => "http-502" as const);
  trtc.next("StopStreamIngest", ...refusals);
  const passing = pass(3);
  const answers = clock.sleep(65 * SECOND_MS).then(() => trtc.next("StopStreamIngest"));
  await Promise.all([clock.advanceUntilDone(answers), passing]);
  expect(await lateMs(StopTime)).toBeLessThan(76 * SECOND_MS);
  expect(await lateMs(StopTime)).toBeGreaterThan(59 * SECOND_MS);
  const [row] = await house.database.query("select state, end_reason from ingest");
  expect(row).toEqual({ state: "ended", end_reason: "expired" });
});

test("a start without an answer is known within a tick of settle-ingests", async () => {
  const { house, trtc, clock } = timed;
  trtc.next("StartStreamIngest", "lose-answer");
  const { response, tasks } = await start();
  expect(response.Error?.Code).toBe("InternalError");
  const unknownSince = clock.now();
  await pass(1);
  const [row] = await house.database.query("select * from ingest");
  expect(row).toMatchObject({ state: "running" });
  const startedAt = row?.["started_at"] as Date;
  expect(startedAt.getTime() - unknownSince.getTime()).toBeLessThan(MINUTE_MS);
  expect((await tasks()).filter(({ state }) => state !== "ended")).toHaveLength(1);
});

test("one whose instance was killed: its lease of 35 s, and a tick", async () => {
  const { house, clock, trtc } = timed;
  trtc.next("StartStreamIngest", "lose-answer");
  await start();
  const killedAt = clock.now();
  await house.database.query("update ingest set lease_until = $1", [
    addMs(killedAt, 35 * SECOND_MS),
  ]);
  await pass(2);
  const [row] = await house.database.query("select * from ingest");
  const startedAt = row?.["started_at"] as Date;
  expect(startedAt.getTime() - killedAt.getTime()).toBeLessThan(95 * SECOND_MS);
});

test("one that nobody can send again is taken back by then", async () => {
  const { house, trtc } = timed;
  trtc.next("StartStreamIngest", "lose-answer");
  const { tasks } = await start({ ClientToken: undefined });
  await pass(1);
  const [row] = await house.database.query("select * from ingest");
  expect(row).toMatchObject({ state: "ended", end_reason: "failed" });
  expect((await tasks()).filter(({ state }) => state !== "ended")).toEqual([]);
});

test("one that TRTC never answers is taken back after ten minutes", async () => {
  const { house, clock, trtc } = timed;
  trtc.next("StartStreamIngest", ...Array.from({ length: 100 }, () => "lose-answer" as const));
  const { tasks } = await start();
  const unknownSince = clock.now();
  await pass(12);
  const [row] = await house.database.query("select * from ingest");
  expect(row).toMatchObject({ state: "ended", end_reason: "failed" });
  const endedAt = row?.["ended_at"] as Date;
  expect(endedAt.getTime() - unknownSince.getTime()).toBeLessThan(11.5 * MINUTE_MS);
  expect((await tasks()).filter(({ state }) => state !== "ended")).toEqual([]);
});
