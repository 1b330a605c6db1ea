/** An update changes a list while it plays, over the real handlers and the emulator. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { SECOND_MS } from "../../../shared/clock.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { CN_APP } from "../../support/app/test-app.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

const urlOf = (name: string): string => `${ours.app.clip}?${name}`;

const item = (name: string, PlaySeconds = 20) => ({ StreamUrl: urlOf(name), PlaySeconds });

/** Starts a list. An update of it is answered after its switch. */
async function started(fields: object = {}) {
  const playlist = { Playlist: ["0", "1", "2"].map((name) => item(name)) };
  const list = await ours.scheduled({
    StreamUrl: undefined,
    RepeatNum: undefined,
    ...playlist,
    ...fields,
  });
  const named = { SdkAppId: CN_APP, TaskId: list.taskId };
  const update = async (edit: object) =>
    (await ours.post("update-ingest", { ...named, ...edit })).response;
  const playedBy = async () => {
    const all = await list.tasks();
    const beganMs = Date.parse(all[0]?.startedAt ?? "");
    const secondsOf = (text: string) => Math.round((Date.parse(text) - beganMs) / SECOND_MS);
    return all.flatMap(({ played }) =>
      played.map(({ streamUrl, from }) => `${streamUrl.split("?")[1] ?? ""} ${secondsOf(from)}`),
    );
  };
  return { ...list, update, playedBy };
}

describe("a new Playlist", () => {
  const Playlist = () => [item("a"), item("b")];

  test("begins when the item on air is over", async () => {
    const { update, playedBy, describeIngest } = await started();
    await ours.pass(5);

    const answer = await update({ Playlist: Playlist() });

    expect(answer.Error).toBeUndefined();
    expect(await describeIngest()).toMatchObject({
      Item: { Index: -1, StreamUrl: urlOf("0") },
      NextItem: { Index: 0, StreamUrl: urlOf("a") },
    });
    await ours.pass(60);
    expect(await playedBy()).toEqual(["0 0", "a 20", "b 40"]);
    expect(await describeIngest()).toMatchObject({ EndReason: "finished" });
  });

  test("begins now where PlaylistRefresh says so, before the answer", async () => {
    const { update, playedBy, describeIngest } = await started();
    await ours.pass(5);

    await update({ Playlist: Playlist(), PlaylistRefresh: "Now" });

    expect(await playedBy()).toEqual(["0 0", "a 10"]);
    expect(await describeIngest()).toMatchObject({ Item: { Index: 0, StreamUrl: urlOf("a") } });
    await ours.pass(30);
    expect(await playedBy()).toEqual(["0 0", "a 10", "b 30"]);
  });

  test("plays its own number of rounds", async () => {
    const { update, playedBy } = await started({ PlaylistRepeatNum: -1 });

    await update({ Playlist: [item("a", 10)], PlaylistRefresh: "Now", PlaylistRepeatNum: 2 });

    await ours.pass(40);
    expect(await playedBy()).toEqual(["0 0", "a 0"]);
  });

  test("replaces one that has not begun yet", async () => {
    const { update, playedBy } = await started();
    await update({ Playlist: [item("x")] });
    await update({ Playlist: Playlist() });

    await ours.pass(50);

    expect(await playedBy()).toEqual(["0 0", "a 20", "b 40"]);
  });

  test("begins at once while the filler plays after the list", async () => {
    const FillerStreamUrl = urlOf("filler");
    const { update, playedBy } = await started({ Playlist: [item("0", 10)], FillerStreamUrl });
    await ours.pass(20);

    await update({ Playlist: Playlist() });

    expect(await playedBy()).toEqual(["0 0", "filler 10", "a 20"]);
  });
});

describe("InsertNext", () => {
  test("plays after the item on air, then the list goes on, and it stays in the list", async () => {
    const Playlist = [item("0"), item("1")];
    const { update, playedBy } = await started({ Playlist, PlaylistRepeatNum: 2 });
    await ours.pass(10);

    await update({ InsertNext: item("news", 10) });

    await ours.pass(90);
    expect(await playedBy()).toEqual(["0 0", "news 20", "1 30", "0 50", "news 70", "1 80"]);
  });

  test("plays at once when the list is over", async () => {
    const FillerStreamUrl = urlOf("filler");
    const { update, playedBy } = await started({ Playlist: [item("0", 10)], FillerStreamUrl });
    await ours.pass(20);

    await update({ InsertNext: item("news", 10) });
    await ours.pass(20);

    expect(await playedBy()).toEqual(["0 0", "filler 10", "news 20", "filler 30"]);
  });
});

describe("SkipItem and ItemIndex", () => {
  test("play the next item now, for all of its time", async () => {
    const { update, playedBy } = await started();
    await ours.pass(10);

    await update({ SkipItem: true });
    await ours.pass(40);

    expect(await playedBy()).toEqual(["0 0", "1 10", "2 30"]);
  });

  test("play the chosen item now, from its beginning", async () => {
    const { update, playedBy } = await started();

    await update({ ItemIndex: 2 });
    await ours.pass(10);
    await update({ ItemIndex: 0 });
    await ours.pass(30);

    expect(await playedBy()).toEqual(["0 0", "2 0", "0 10", "1 30"]);
  });

  test("play the item on air anew, by a fresh task", async () => {
    const { update, tasks, describeIngest } = await started();
    await ours.pass(10);

    await update({ ItemIndex: 0 });

    expect(await tasks()).toMatchObject([{ state: "ended" }, { state: "playing" }]);
    expect(await describeIngest()).toMatchObject({
      State: "running",
      Item: { Index: 0, PositionSeconds: 0 },
      Restarts: 0,
    });
  });

  test("go on with the filler after the last item", async () => {
    const FillerStreamUrl = urlOf("filler");
    const { update, playedBy } = await started({ Playlist: [item("0")], FillerStreamUrl });
    await ours.pass(10);

    await update({ SkipItem: true });

    expect(await playedBy()).toEqual(["0 0", "filler 10"]);
  });
});

describe("SeekSecond", () => {
  test("plays this second of the item on air by a fresh task, and the end moves with it", async () => {
    const { update, tasks, describeIngest } = await started({
      Playlist: [{ StreamUrl: urlOf("0"), RepeatNum: 10 }, item("1")],
    });
    await ours.pass(10);

    await update({ SeekSecond: 3 });

    const [, fresh] = await tasks();
    expect(fresh).toMatchObject({ state: "playing" });
    expect(ours.trtc.bodies("StartStreamIngest").at(-1)).toMatchObject({ SeekSecond: 3 });
    const { Item } = await describeIngest();
    const at = ours.clock.now().getTime();
    // The clip lasts four seconds, and its third round is on air: 29 seconds are left.
    expect(Item).toMatchObject({ PositionSeconds: 3 });
    expect(Date.parse((Item as { EndsAt: string }).EndsAt) - at).toBe(29 * SECOND_MS);
  });
});

describe("while an ingest is paused", () => {
  test("the clock of its list stands still, and goes on where it stood", async () => {
    const { update, playedBy, describeIngest } = await started();
    await ours.pass(10);
    await update({ IsPause: true });
    await ours.pass(100);
    expect(await playedBy()).toEqual(["0 0"]);

    await update({ IsPause: false });

    expect(await describeIngest()).toMatchObject({ Item: { PositionSeconds: 10 } });
    await ours.pass(20);
    expect(await playedBy()).toEqual(["0 0", "1 120"]);
  });

  test("a skip changes the list, and the switch comes when it is resumed", async () => {
    const { update, playedBy } = await started();
    await update({ IsPause: true });
    await ours.pass(30);
    await update({ SkipItem: true });
    await ours.pass(20);
    expect(await playedBy()).toEqual(["0 0"]);

    await update({ IsPause: false });
    await ours.pass(20);

    expect(await playedBy()).toEqual(["0 0", "1 50", "2 70"]);
  });
});

describe("the loudness", () => {
  test("of an item stays when an update sets another one for the rest", async () => {
    const Playlist = [{ ...item("0"), Volume: 30 }, item("1")];
    const { update, tasks } = await started({ Playlist });

    await update({ Volume: 70 });

    expect(await tasks()).toMatchObject([{ volume: 30 }]);
    await ours.pass(30);
    expect(await tasks()).toMatchObject([{ volume: 70 }]);
  });

  test("changes at once where the item on air has none of its own", async () => {
    const { update, tasks } = await started({
      Playlist: [item("0"), { ...item("1"), Volume: 30 }],
    });

    await update({ Volume: 70 });

    expect(await tasks()).toMatchObject([{ volume: 70 }]);
  });
});

describe("a source that stands in", () => {
  test("is replaced while it is on air", async () => {
    const FillerStreamUrl = urlOf("filler");
    const { update, playedBy } = await started({ Playlist: [item("0", 10)], FillerStreamUrl });
    await ours.pass(20);

    await update({ FillerStreamUrl: urlOf("jingle") });

    expect(await playedBy()).toEqual(["0 0", "filler 10", "jingle 20"]);
  });

  test("that is not on air changes nothing at TRTC", async () => {
    const { update } = await started();
    const calls = ours.trtc.calls("UpdateStreamIngest");

    const answer = await update({ BackupStreamUrl: urlOf("backup"), OnItemFailure: "Retry" });

    expect(answer.Error).toBeUndefined();
    expect(ours.trtc.calls("UpdateStreamIngest")).toBe(calls);
  });
});

describe("one source with KeepAlive", () => {
  test("is replaced by another StreamUrl", async () => {
    const { update, playedBy, describeIngest } = await started({
      Playlist: undefined,
      StreamUrl: urlOf("one"),
      RepeatNum: -1,
      KeepAlive: true,
    });
    await ours.pass(10);

    await update({ StreamUrl: urlOf("other") });

    expect(await playedBy()).toEqual(["one 0", "other 10"]);
    expect(await describeIngest()).toMatchObject({ StreamUrl: urlOf("other") });
  });

  test("becomes a list by a Playlist that begins now", async () => {
    const { update, playedBy } = await started({
      Playlist: undefined,
      StreamUrl: urlOf("one"),
      RepeatNum: -1,
      KeepAlive: true,
    });

    await update({ Playlist: [item("a"), item("b")], PlaylistRefresh: "Now" });
    await ours.pass(30);

    expect(await playedBy()).toEqual(["one 0", "a 0", "b 20"]);
  });
});

describe("before its StartTime", () => {
  test("a list takes edits, and starts with what they leave", async () => {
    const { update, playedBy } = await started({ StartTime: ours.inSeconds(30) });
    await update({ InsertNext: item("news") });
    await update({ ItemIndex: 1 });

    await ours.pass(70);

    expect(await playedBy()).toEqual(["news 0", "1 20", "2 40"]);
  });
});
