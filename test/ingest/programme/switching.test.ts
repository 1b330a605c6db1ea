/** A list plays in order, by the clock, over the real handlers and the emulator. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { timeLeft } from "../../support/app/timed-app.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

const urlOf = (name: string): string => `${ours.app.clip}?${name}`;

const items = (...seconds: number[]) =>
  seconds.map((PlaySeconds, index) => ({ StreamUrl: urlOf(String(index)), PlaySeconds }));

/** Starts a list, with the fields of its start. */
const started = (fields: object) =>
  ours.scheduled({ StreamUrl: undefined, RepeatNum: undefined, ...fields });

type Started = Awaited<ReturnType<typeof started>>;

/** What was on air, and from which second to which after the start. */
async function playedBy({ tasks }: Started) {
  const all = await tasks();
  const beganMs = Date.parse(all[0]?.startedAt ?? "");
  const secondsOf = (text: string | null) => text && (Date.parse(text) - beganMs) / SECOND_MS;
  return all.flatMap(({ played }) =>
    played.map(({ streamUrl, from, until }) => [
      streamUrl.split("?")[1],
      secondsOf(from),
      secondsOf(until),
    ]),
  );
}

describe("a list", () => {
  test("switches at the end of each item, in one task, and ends with its last item", async () => {
    const list = await started({ Playlist: items(12, 20, 15) });

    await ours.pass(60);

    expect(await playedBy(list)).toEqual([
      ["0", 0, 12],
      ["1", 12, 32],
      ["2", 32, 47],
    ]);
    expect(await list.tasks()).toHaveLength(1);
    expect(await list.describeIngest()).toMatchObject({ State: "ended", EndReason: "finished" });
  });

  test("plays its rounds from StartIndex on", async () => {
    const list = await started({ Playlist: items(10, 10), PlaylistRepeatNum: 2, StartIndex: 1 });

    await ours.pass(60);

    expect((await playedBy(list)).map(([name]) => name)).toEqual(["1", "0", "1"]);
  });

  test("ends on its deadline although rounds are left", async () => {
    const list = await started({
      Playlist: items(20, 20),
      PlaylistRepeatNum: -1,
      StopTime: ours.inSeconds(50),
    });

    await ours.pass(40);
    const expiry = ours.startRun(expireIngests, 60);
    await ours.pass(20);
    await ours.clock.advanceUntilDone(expiry);

    expect(await playedBy(list)).toEqual([
      ["0", 0, 20],
      ["1", 20, 40],
      ["0", 40, 50],
    ]);
    expect(await list.describeIngest()).toMatchObject({ EndReason: "expired" });
  });

  test("goes on with its next item when the deadline has moved behind the present one", async () => {
    const list = await started({ Playlist: items(30, 30), StopTime: ours.inSeconds(25) });
    const { SdkAppId } = list.body;
    const StopTime = ours.inSeconds(55);
    await ours.post("update-ingest", { SdkAppId, TaskId: list.taskId, StopTime });

    await ours.pass(40);

    expect(await list.describeIngest()).toMatchObject({ State: "running", Item: { Index: 1 } });
  });

  test("does not drift where each switch is late", async () => {
    const list = await started({ Playlist: items(10, 10, 10), PlaylistRepeatNum: -1 });
    const startedAt = Date.parse((await list.tasks())[0]?.startedAt ?? "");

    for (let late = 0; late < 20; late += 1) {
      await ours.clock.advance(17 * SECOND_MS);
      await ours.clock.advanceUntilDone(ours.startRun(advanceIngests, 16));
      const passed = (ours.clock.now().getTime() - startedAt) / SECOND_MS;
      const { Item, NextItem } = await list.describeIngest();
      expect(Item).toMatchObject({ Index: Math.floor(passed / 10) % 3 });
      const nextAt = startedAt + (Math.floor(passed / 10) + 1) * 10 * SECOND_MS;
      expect(NextItem).toMatchObject({ StartsAt: new Date(nextAt).toISOString() });
    }
  });

  test("plays the filler when it is over, until the deadline", async () => {
    const list = await started({
      Playlist: items(10),
      FillerStreamUrl: urlOf("filler"),
      StopTime: ours.inSeconds(45),
    });

    await ours.pass(30);

    expect(await playedBy(list)).toEqual([
      ["0", 0, 10],
      ["filler", 10, null],
    ]);
    expect(await list.describeIngest()).toMatchObject({ Source: "filler", State: "running" });
  });

  test("starts an item with SeekSecond at its second, by a task of its own", async () => {
    const [first, second] = items(10, 40);
    const list = await started({ Playlist: [first, { ...second, SeekSecond: 1 }] });

    await ours.pass(15);

    const tasks = await list.tasks();
    expect(tasks).toHaveLength(2);
    expect(tasks[0]).toMatchObject({ state: "ended" });
    expect(tasks[1]).toMatchObject({ state: "playing" });
    expect(await list.describeIngest()).toMatchObject({ State: "running", Restarts: 0 });
  });
});

describe("one step is carried out once", () => {
  test("by any number of runs at once", async () => {
    const list = await started({ Playlist: items(5, 5, 50) });
    const runs = [0, 1, 2].map(() => ours.startRun(advanceIngests));

    await ours.clock.advance(20 * SECOND_MS);
    await ours.clock.advanceUntilDone(Promise.all(runs));

    expect(await playedBy(list)).toEqual([
      ["0", 0, 5],
      ["1", 5, 10],
      ["2", 10, null],
    ]);
  });

  test("and again after a lost answer, with the item that the clock says then", async () => {
    const list = await started({ Playlist: items(10, 30, 30) });
    ours.app.emulator.faults.add({
      action: "UpdateStreamIngest",
      kind: "lose-answer",
      times: 1,
    });

    await ours.pass(30);

    expect(await list.describeIngest()).toMatchObject({ Item: { Index: 1 }, State: "running" });
    expect((await playedBy(list)).map(([name]) => name)).toEqual(["0", "1"]);
  });

  test("and after its instance has died, it is done by another at the clock's place", async () => {
    const list = await started({ Playlist: items(10, 5, 60) });
    await ours.clock.advance(9 * SECOND_MS);
    const at = ours.clock.now();
    const claims = { at, horizonAt: new Date(at.getTime() + 2000), leaseMs: 10_000, limit: 10 };
    expect(await ours.services.store.programmes.claimDue(claims)).toHaveLength(1);

    await ours.pass(30);

    expect((await playedBy(list)).map(([name]) => name)).toEqual(["0", "2"]);
  });
});

describe("an instance whose clock is behind", () => {
  test("does not bring back the item before", async () => {
    const list = await started({ Playlist: items(10, 60) });
    await ours.pass(20);
    const { services } = ours;
    const now = () => addMs(ours.clock.now(), -12 * SECOND_MS);
    await ours.app.database.query("update ingest set step_at = $1", [now()]);

    const behind = { ...services, clock: { ...services.clock, now } };
    await ours.clock.advanceUntilDone(
      advanceIngests(behind, { timeLeftMs: timeLeft(ours.clock, 30 * SECOND_MS) }),
    );

    expect(await playedBy(list)).toEqual([
      ["0", 0, 10],
      ["1", 10, null],
    ]);
  });
});

describe("a stop", () => {
  test("between two items ends the list, and no step follows", async () => {
    const list = await started({ Playlist: items(10, 10) });
    await ours.post("stop-ingest", { SdkAppId: list.body.SdkAppId, TaskId: list.taskId });

    await ours.pass(30);

    expect(await list.tasks()).toMatchObject([{ state: "ended", endReason: "stopped" }]);
    expect(await list.describeIngest()).toMatchObject({ EndReason: "stopped" });
  });
});
