/**
 * One test for each bound in docs/promises.md, with the deployed timers. Both timers run every
 * minute: reconcile-ingests half a minute after expire-ingests.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { expireIngests } from "../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import { CN_APP, KEY, SECRET_ID } from "../support/app/test-app.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";
import { type LiveApp, startLiveApp, timeLeft } from "../support/app/timed-app.js";
import { nextRoom } from "../support/app/rooms.js";

/** Another caller of the same application and account. */
const CROWD_KEY = "key-of-the-crowd";
const OF_CROWD = { authorization: `Bearer ${CROWD_KEY}` };
const CALLERS = [
  { Id: SECRET_ID, SecretKeys: [KEY], SdkAppIds: [CN_APP] },
  { Id: "crowd", SecretKeys: [CROWD_KEY], SdkAppIds: [CN_APP] },
];

let timed: LiveApp;
let live: RtmpServer;

beforeAll(async () => {
  timed = await startLiveApp({ env: { CALLERS: JSON.stringify(CALLERS) } });
  ({ live } = timed);
});
beforeEach(async () => {
  timed.trtc.turn({});
  await timed.app.database.query("delete from ingest");
});
afterAll(() => timed.close());

type Timer = typeof expireIngests | typeof reconcileIngests;

function startRun(timer: Timer, limitMs: number): Promise<unknown> {
  const { clock, services } = timed;
  return timer(services, { timeLeftMs: timeLeft(clock, limitMs) });
}

/** Lets this many minutes pass, with the timers of serverless.yml. */
async function pass(minutes: number): Promise<void> {
  const { clock } = timed;
  const runs: Promise<unknown>[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    runs.push(startRun(expireIngests, 100 * SECOND_MS));
    await clock.advance(30 * SECOND_MS);
    runs.push(startRun(reconcileIngests, 60 * SECOND_MS));
    await clock.advance(30 * SECOND_MS);
  }
  await clock.advanceUntilDone(Promise.all(runs));
}

const inSeconds = (seconds: number): string =>
  addMs(timed.clock.now(), seconds * SECOND_MS).toISOString();

function requestOf(fields: object = {}) {
  const RoomId = nextRoom();
  const play = { StreamUrl: live.url, RepeatNum: 1 };
  return { SdkAppId: CN_APP, RoomId, RoomIdType: 0, ...play, ClientToken: RoomId, ...fields };
}

async function start(fields: object = {}, headers: Record<string, string> = {}) {
  const { clock, app } = timed;
  const request = requestOf(fields);
  const { RoomId } = request;
  const { response } = await clock.advanceUntilDone(app.post("start-ingest", request, headers));
  const tasks = async () => (await app.truth.tasks()).filter(({ roomId }) => roomId === RoomId);
  const lateMs = async (deadline: string) => {
    const ends = (await tasks()).map(({ endedAt }) => new Date(endedAt ?? Number.NaN).getTime());
    return Math.max(...ends) - new Date(deadline).getTime();
  };
  return { response, tasks, lateMs, RoomId };
}

test("while nothing fails, every ingest is stopped within a second of its deadline", async () => {
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

describe("a crowd of another caller", () => {
  test("a stop due 300 ms after another caller's 200 deadlines is about a second late at most", async () => {
    const StopTime = inSeconds(75);
    const crowd = [];
    for (let n = 0; n < 200; n += 1) crowd.push(await start({ StopTime }, OF_CROWD));
    const own = addMs(new Date(StopTime), 300).toISOString();
    const { lateMs } = await start({ StopTime: own });
    await pass(2);
    const late = await lateMs(own);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1300);
    const all = await Promise.all(crowd.map((ingest) => ingest.lateMs(StopTime)));
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    // TRTC takes 20 calls in 1.1 s, so the crowd itself takes this long.
    expect(Math.max(...all)).toBeLessThan(12 * SECOND_MS);
  });

  test("a start during another caller's 600 starts is not refused, and leaves within about a second", async () => {
    const { clock, app } = timed;
    const begun = async () => (await app.database.query("select 1 from ingest")).length;
    const refused = { count: 0 };
    const startedAt = clock.now();
    const crowd = Array.from({ length: 600 }, async () => {
      const { response } = await app.post("start-ingest", requestOf(), OF_CROWD);
      if (response.Error) refused.count += 1;
      return response.Error?.Code;
    });
    // No time passes until each start waits for its slot or is refused.
    while ((await begun()) + refused.count < 600) await nextTurn();
    const { response } = await start();
    const waitedMs = clock.now().getTime() - startedAt.getTime();
    const codes = await clock.advanceUntilDone(Promise.all(crowd));
    expect(response.Error).toBeUndefined();
    expect(waitedMs).toBeLessThan(1300);
    expect(new Set(codes)).toEqual(new Set([undefined, "RequestLimitExceeded"]));
  });
});

test("a run takes over the claims of a killed instance, and stops at most 11 s late", async () => {
  const StopTime = inSeconds(20);
  const { lateMs } = await start({ StopTime });
  await timed.clock.advance(19.5 * SECOND_MS);
  const at = timed.clock.now();
  const claim = { at, horizonAt: addMs(at, SECOND_MS), leaseMs: 10 * SECOND_MS, limit: 20 };
  expect(await timed.services.store.ingests.claimDue(claim)).toHaveLength(1);
  await pass(1);
  expect(await lateMs(StopTime)).toBeLessThan(11 * SECOND_MS);
});

test("after every instance was killed, the next run stops what is due once the claims of 10 s are over", async () => {
  const StopTime = inSeconds(20);
  const { lateMs } = await start({ StopTime });
  await timed.clock.advance(19.5 * SECOND_MS);
  const at = timed.clock.now();
  const claim = { at, horizonAt: addMs(at, SECOND_MS), leaseMs: 10 * SECOND_MS, limit: 20 };
  expect(await timed.services.store.ingests.claimDue(claim)).toHaveLength(1);
  await timed.clock.advance(MINUTE_MS);
  await pass(1);
  expect(await lateMs(StopTime)).toBeLessThan(70 * SECOND_MS);
});

test("after TRTC refused every stop for a minute, a stop happens within 16 s of its first answer", async () => {
  const { clock, trtc, app } = timed;
  const StopTime = inSeconds(5);
  const { lateMs } = await start({ StopTime });
  const refusals = Array.from({ length: 200 }, () => "http-502" as const);
  trtc.next("StopStreamIngest", ...refusals);
  const passing = pass(3);
  const answers = clock.sleep(65 * SECOND_MS).then(() => trtc.next("StopStreamIngest"));
  await Promise.all([clock.advanceUntilDone(answers), passing]);
  expect(await lateMs(StopTime)).toBeLessThan(76 * SECOND_MS);
  expect(await lateMs(StopTime)).toBeGreaterThan(59 * SECOND_MS);
  const [row] = await app.database.query("select state, end_reason from ingest");
  expect(row).toEqual({ state: "ended", end_reason: "expired" });
});

test("a start without an answer is known after the next run of reconcile-ingests", async () => {
  const { app, trtc, clock } = timed;
  trtc.next("StartStreamIngest", "lose-answer");
  const { response, tasks } = await start();
  expect(response.Error?.Code).toBe("InternalError");
  const unknownSince = clock.now();
  await pass(1);
  const [row] = await app.database.query("select * from ingest");
  expect(row).toMatchObject({ state: "running" });
  const startedAt = row?.["started_at"] as Date;
  expect(startedAt.getTime() - unknownSince.getTime()).toBeLessThan(MINUTE_MS);
  expect((await tasks()).filter(({ state }) => state !== "ended")).toHaveLength(1);
});

test("a start whose instance was killed is known after its lease of 35 s and one interval", async () => {
  const { app, clock, trtc } = timed;
  trtc.next("StartStreamIngest", "lose-answer");
  await start();
  const killedAt = clock.now();
  await app.database.query("update ingest set lease_until = $1", [addMs(killedAt, 35 * SECOND_MS)]);
  await pass(2);
  const [row] = await app.database.query("select * from ingest");
  const startedAt = row?.["started_at"] as Date;
  expect(startedAt.getTime() - killedAt.getTime()).toBeLessThan(95 * SECOND_MS);
});

test("a start without an answer and without a ClientToken is taken back by the next run", async () => {
  const { app, trtc } = timed;
  trtc.next("StartStreamIngest", "lose-answer");
  const { tasks } = await start({ ClientToken: undefined });
  await pass(1);
  const [row] = await app.database.query("select * from ingest");
  expect(row).toMatchObject({ state: "ended", end_reason: "failed" });
  expect((await tasks()).filter(({ state }) => state !== "ended")).toEqual([]);
});

test("a start that TRTC never answers is taken back after ten minutes", async () => {
  const { app, clock, trtc } = timed;
  trtc.next("StartStreamIngest", ...Array.from({ length: 100 }, () => "lose-answer" as const));
  const { tasks } = await start();
  const unknownSince = clock.now();
  await pass(12);
  const [row] = await app.database.query("select * from ingest");
  expect(row).toMatchObject({ state: "ended", end_reason: "failed" });
  const endedAt = row?.["ended_at"] as Date;
  expect(endedAt.getTime() - unknownSince.getTime()).toBeLessThan(11.5 * MINUTE_MS);
  expect((await tasks()).filter(({ state }) => state !== "ended")).toEqual([]);
});

test("while nothing fails, 99 of 100 ends come within 250 ms", async () => {
  const { clock } = timed;
  const firstMs = clock.now().getTime() + 45 * SECOND_MS;
  const all = [];
  for (let n = 0; n < 100; n += 1) {
    // The deadlines have no regular distance from each other or from the runs: 137 is prime.
    const StopTime = new Date(firstMs + ((n * 137_137) % 100_003)).toISOString();
    all.push({ StopTime, ...(await start({ StopTime })) });
  }
  await pass(4);
  const late = await Promise.all(all.map(({ lateMs, StopTime }) => lateMs(StopTime)));
  const ordered = late.sort((a, b) => a - b);
  expect(ordered[0]).toBeGreaterThanOrEqual(0);
  expect(ordered[98]).toBeLessThanOrEqual(250);
  expect(ordered[99]).toBeLessThan(SECOND_MS);
});

/** The lost request reaches TRTC now. */
async function arriveLate(RoomId: string): Promise<void> {
  const sent = timed.trtc.bodies("StartStreamIngest").find((body) => body["RoomId"] === RoomId);
  const target = { account: "cn", host: "emulator", region: "ap-singapore" };
  const request = sent as never;
  await timed.app.services.trtc.call("StartStreamIngest", { target, request, timeLeftMs: 5000 });
}

test("a lost start that TRTC carries out while its ingest plays is gone with the ingest", async () => {
  const { trtc } = timed;
  trtc.turn({ taskExistKey: "never" });
  trtc.next("StartStreamIngest", "lose-request");
  const StopTime = inSeconds(150);
  const { tasks, lateMs, RoomId } = await start({ StopTime });
  await pass(1);
  await arriveLate(RoomId);
  const live = async () => (await tasks()).filter(({ state }) => state !== "ended");
  expect(await live()).toHaveLength(2);
  await pass(3);
  expect(await live()).toEqual([]);
  expect(await lateMs(StopTime)).toBeLessThan(2 * SECOND_MS);
});

test("a lost start that TRTC carries out after the end loses its robot 6 minutes after it was sent", async () => {
  const { trtc, clock } = timed;
  trtc.next("StartStreamIngest", "lose-request");
  const sentAt = clock.now();
  const { tasks, RoomId } = await start({ ClientToken: undefined });
  await pass(2);
  await arriveLate(RoomId);
  const ends = async () => (await tasks()).map(({ endedAt }) => endedAt);
  expect(await ends()).toEqual([null]);
  // Its lease, the six minutes, and the next run of reconcile-ingests.
  await pass(6);
  const [endedAt] = await ends();
  const goneMs = new Date(endedAt ?? Number.NaN).getTime() - sentAt.getTime();
  expect(goneMs).toBeLessThan(6 * MINUTE_MS + 95 * SECOND_MS);
});

test("without our functions, a loop ends at TRTC's cap, a file ends when it is played, and a live source plays on", async () => {
  const { clock, app } = timed;
  const loop = await start({ StreamUrl: app.clip, RepeatNum: -1, MaxDuration: 10 });
  const file = await start({ StreamUrl: app.clip, RepeatNum: 3, MaxDuration: 10 });
  const stream = await start({ MaxDuration: 10 });
  await clock.advance(11 * MINUTE_MS);
  const [looped, played, streamed] = await Promise.all(
    [loop, file, stream].map(async ({ tasks }) => (await tasks())[0]),
  );
  expect(looped).toMatchObject({ state: "ended", endReason: "max-duration" });
  expect(played).toMatchObject({ state: "ended", endReason: "finished" });
  expect(streamed).toMatchObject({ state: "playing" });
  const deadlineMs = new Date(String(loop.response["Deadline"])).getTime();
  const cappedMs = new Date(looped?.endedAt ?? 0).getTime();
  expect(cappedMs).toBeGreaterThanOrEqual(deadlineMs);
  expect(cappedMs - deadlineMs).toBeLessThan(MINUTE_MS);
});
