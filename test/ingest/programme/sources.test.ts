/** What follows a source that fails, and a task that TRTC ends before its time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { SITE_FACTS } from "../../../shared/contract/sites.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { answerTo, callbackEvent, OK, source, taskEnded } from "../../support/http/callbacks.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

const urlOf = (name: string): string => `${ours.app.clip}?${name}`;

/** No server answers there. */
const DEAD = "http://127.0.0.1:9/dead.mp4";

const started = (fields: object) =>
  ours.scheduled({ StreamUrl: undefined, RepeatNum: undefined, ...fields });

type Started = Awaited<ReturnType<typeof started>>;

const taskOf = async ({ describeIngest }: Started): Promise<string> =>
  String((await describeIngest())["TrtcTaskId"]);

const send = async (body: Buffer): Promise<void> => {
  const answer = answerTo(ours.services, callbackEvent(body));
  expect(await ours.clock.advanceUntilDone(answer)).toEqual(OK);
};

/** TRTC reports three failures of what is on air. */
async function failed(ingest: Started): Promise<void> {
  const task = await taskOf(ingest);
  for (let times = 0; times < 3; times += 1) {
    await ours.clock.advance(SECOND_MS);
    await send(source(task, 1, ours.clock.now()));
  }
}

/** Another program ends the task at TRTC, and we learn nothing of it. */
async function endAtTrtc({ taskId }: Started): Promise<void> {
  const { store, trtc } = ours.services;
  const ingest = await store.ingests.read(taskId);
  if (!ingest) throw new Error("no such ingest");
  const { account, region, sdkAppId: SdkAppId, trtcTaskId } = ingest;
  const target = { account, region, host: SITE_FACTS[ingest.site].host };
  const request = { SdkAppId, TaskId: trtcTaskId ?? "" };
  await trtc.call("StopStreamIngest", { target, request, timeLeftMs: 5000 });
}

/** TRTC reports the end of the task. */
async function ended(ingest: Started): Promise<void> {
  const task = await taskOf(ingest);
  await endAtTrtc(ingest);
  await send(taskEnded(task, ours.clock.now()));
}

const namesOf = async ({ tasks }: Started) =>
  (await tasks()).flatMap(({ played }) => played.map(({ streamUrl }) => streamUrl.split("?")[1]));

const items = (...names: string[]) =>
  names.map((name) => ({ StreamUrl: urlOf(name), PlaySeconds: 60 }));

describe("an item that fails", () => {
  test("is skipped by default: the next one plays at once, for its whole time", async () => {
    const list = await started({ Playlist: items("a", "b") });
    await failed(list);

    const { Item } = await list.describeIngest();
    expect(Item).toMatchObject({ Index: 1, PositionSeconds: 0 });
    expect(Item).toMatchObject({
      EndsAt: addMs(ours.clock.now(), 60 * SECOND_MS).toISOString(),
    });
    expect(await namesOf(list)).toEqual(["a", "b"]);
  });

  test("gives way to the filler until its end, and the next one comes on time", async () => {
    const list = await started({
      Playlist: [{ StreamUrl: DEAD, PlaySeconds: 60 }, ...items("b")],
      OnItemFailure: "Filler",
      FillerStreamUrl: urlOf("filler"),
    });
    await failed(list);

    expect(await list.describeIngest()).toMatchObject({ Source: "filler", Item: { Index: 0 } });
    await ours.pass(60);
    expect(await list.describeIngest()).toMatchObject({ Source: "primary", Item: { Index: 1 } });
    expect(await namesOf(list)).toEqual(["filler", "b"]);
  });

  test("comes back from the filler when it is well again", async () => {
    const list = await started({
      Playlist: [{ StreamUrl: urlOf("a"), PlaySeconds: 600 }],
      OnItemFailure: "Filler",
      FillerStreamUrl: urlOf("filler"),
    });
    await failed(list);
    expect(await list.describeIngest()).toMatchObject({ Source: "filler" });

    await ours.pass(60);

    expect(await list.describeIngest()).toMatchObject({ Source: "primary", Item: { Index: 0 } });
    expect(await namesOf(list)).toEqual(["a", "filler", "a"]);
  });

  test("ends the ingest where OnItemFailure says so", async () => {
    const list = await started({ Playlist: items("a", "b"), OnItemFailure: "End" });
    await failed(list);

    expect(await list.describeIngest()).toMatchObject({ State: "ended", EndReason: "failed" });
    expect(await list.tasks()).toMatchObject([{ state: "ended" }]);
  });

  test("is tried again where OnItemFailure says so, and the next one comes on time", async () => {
    const list = await started({ Playlist: items("a", "b"), OnItemFailure: "Retry" });
    await failed(list);

    expect(await list.describeIngest()).toMatchObject({ State: "running", Item: { Index: 0 } });
    await ours.pass(60);
    expect(await list.describeIngest()).toMatchObject({ Item: { Index: 1 } });
  });
});

describe("a backup", () => {
  const main = (fields: object = {}) =>
    started({
      StreamUrl: urlOf("main"),
      RepeatNum: -1,
      BackupStreamUrl: urlOf("backup"),
      ...fields,
    });

  test("takes over with the third failure, and the healthy main source comes back", async () => {
    const ingest = await main({ SourceClearSeconds: 20 });
    await failed(ingest);
    expect(await ingest.describeIngest()).toMatchObject({ Source: "backup" });

    await ours.pass(20);
    expect(await ingest.describeIngest()).toMatchObject({ Source: "backup" });
    await ours.pass(30);

    expect(await ingest.describeIngest()).toMatchObject({ Source: "primary", State: "running" });
    expect(await namesOf(ingest)).toEqual(["main", "backup", "main"]);
  });

  test("stays where both sources are equal", async () => {
    const ingest = await main({ SourcePreference: "Equal", SourceClearSeconds: 5 });
    await failed(ingest);

    await ours.pass(120);

    expect(await ingest.describeIngest()).toMatchObject({ Source: "backup" });
  });

  test("stays while the main source is dead", async () => {
    const ingest = await main({ StreamUrl: DEAD });
    await failed(ingest);

    await ours.pass(120);

    expect(await ingest.describeIngest()).toMatchObject({ Source: "backup", State: "running" });
  });

  test("waits twice as long for a main source that fails again", async () => {
    const ingest = await main({ SourceClearSeconds: 20 });
    for (let times = 0; times < 2; times += 1) {
      await failed(ingest);
      await ours.pass(40);
    }

    expect(await ingest.describeIngest()).toMatchObject({ Source: "backup" });
    await ours.pass(30);
    expect(await ingest.describeIngest()).toMatchObject({ Source: "primary" });
  });

  test("takes over in a new task when TRTC has ended the old one", async () => {
    const ingest = await main({ KeepAlive: true });
    await ended(ingest);

    expect(await ingest.describeIngest()).toMatchObject({
      State: "running",
      Source: "backup",
      Restarts: 1,
    });
    expect(await ingest.tasks()).toHaveLength(2);
  });
});

describe("KeepAlive", () => {
  test("starts a list again at the place of the clock, with its TaskId", async () => {
    const list = await started({ Playlist: items("a", "b") });
    await ours.pass(70);
    await ended(list);

    expect(await list.describeIngest()).toMatchObject({
      TaskId: list.taskId,
      State: "running",
      Restarts: 1,
      Item: { Index: 1 },
    });
    const tasks = await list.tasks();
    expect(tasks).toHaveLength(2);
    expect(tasks.filter(({ state }) => state !== "ended")).toHaveLength(1);
  });

  test("waits longer before each restart, and gives up after RestartsPerHour", async () => {
    const list = await started({ Playlist: items("a"), RestartsPerHour: 2 });
    for (let times = 0; times < 2; times += 1) {
      await ended(list);
      await ours.pass(10);
    }
    expect(await list.describeIngest()).toMatchObject({ State: "running", Restarts: 2 });

    await ended(list);

    expect(await list.describeIngest()).toMatchObject({ State: "ended", EndReason: "lost" });
  });

  test("ends a list that is over by the time its lost answer is found", async () => {
    const list = await started({ Playlist: items("a", "b") });
    await ours.pass(100);
    ours.trtc.next("StartStreamIngest", "lose-answer");
    await ended(list);
    expect(await list.describeIngest()).toMatchObject({ State: "starting" });

    await ours.clock.advance(60 * SECOND_MS);
    const timeLeftMs = () => 50_000;
    await ours.clock.advanceUntilDone(reconcileIngests(ours.services, { timeLeftMs }));

    expect(await list.describeIngest()).toMatchObject({ State: "ended", EndReason: "finished" });
    expect((await list.tasks()).filter(({ state }) => state !== "ended")).toEqual([]);
    expect(await list.tasks()).toHaveLength(2);
  });

  test("does nothing where it is off", async () => {
    const list = await started({ Playlist: items("a"), KeepAlive: false });
    await ended(list);

    expect(await list.describeIngest()).toMatchObject({ State: "ended", EndReason: "lost" });
  });

  test("does not start again what was stopped meanwhile", async () => {
    const list = await started({ Playlist: items("a"), RestartsPerHour: 9 });
    await ended(list);
    await ended(list);
    expect(await list.describeIngest()).toMatchObject({ State: "starting" });
    await ours.post("stop-ingest", { SdkAppId: list.body.SdkAppId, TaskId: list.taskId });

    await ours.pass(20);

    expect(await list.describeIngest()).toMatchObject({ State: "ended", EndReason: "stopped" });
    expect((await list.tasks()).filter(({ state }) => state !== "ended")).toEqual([]);
  });

  test("goes on when TRTC reports the end of the former task once more", async () => {
    const list = await started({ Playlist: items("a") });
    await ended(list);
    const former = await taskOf(list);
    await ended(list);
    expect(await list.describeIngest()).toMatchObject({ State: "starting" });

    await send(taskEnded(former, ours.clock.now()));
    await ours.pass(10);

    expect(await list.describeIngest()).toMatchObject({ State: "running", Restarts: 2 });
    expect((await list.tasks()).filter(({ state }) => state !== "ended")).toHaveLength(1);
  });

  test("finds a task that ended without any event", async () => {
    const list = await started({ Playlist: [{ StreamUrl: urlOf("a"), PlaySeconds: 6000 }] });
    await endAtTrtc(list);
    await ours.clock.advance(400 * SECOND_MS);

    await ours.ran(reconcileIngests);

    expect(await list.describeIngest()).toMatchObject({ State: "running", Restarts: 1 });
  });
});
