/** What an update of a programme refuses, with what to send instead. TRTC hears nothing of it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { CN_APP } from "../../support/app/test-app.js";

let ours: ScheduledApp;
let calls = 0;

const CALLS = ["UpdateStreamIngest", "StopStreamIngest"] as const;
const made = () => CALLS.reduce((sum, action) => sum + ours.trtc.calls(action), 0);

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterEach(() => expect(made()).toBe(calls));
afterAll(() => ours.app.close());

const urlOf = (name: string): string => `${ours.app.clip}?${name}`;

const item = (name: string, PlaySeconds = 20) => ({ StreamUrl: urlOf(name), PlaySeconds });

/** The refusal of an update, after these seconds of a list. */
async function refusalOf(edit: () => object, { fields = {}, seconds = 0 }: Playing = {}) {
  const { taskId } = await ours.scheduled({
    StreamUrl: undefined,
    RepeatNum: undefined,
    Playlist: [item("0"), item("1")],
    ...fields,
  });
  await ours.pass(seconds);
  calls = made();
  const named = { SdkAppId: CN_APP, TaskId: taskId };
  const { response } = await ours.post("update-ingest", { ...named, ...edit() });
  return response.Error;
}

interface Playing {
  fields?: object;
  seconds?: number;
}

const single = (more: object = {}) => ({
  fields: { Playlist: undefined, StreamUrl: urlOf("one"), RepeatNum: -1, ...more },
});

describe("an ingest of one source", () => {
  test.each([
    ["Playlist", () => ({ Playlist: [item("a")] })],
    ["InsertNext", () => ({ InsertNext: item("a") })],
    ["SkipItem", () => ({ SkipItem: true })],
    ["ItemIndex", () => ({ ItemIndex: 0 })],
    ["SeekSecond", () => ({ SeekSecond: 1 })],
    ["PlaylistRepeatNum", () => ({ PlaylistRepeatNum: 2 })],
    ["BackupStreamUrl", () => ({ BackupStreamUrl: urlOf("backup") })],
    ["FillerStreamUrl", () => ({ FillerStreamUrl: urlOf("filler") })],
    ["OnItemFailure", () => ({ OnItemFailure: "Skip" })],
  ])("has no %s, and starts with Playlist to have one", async (field, edit) => {
    expect(await refusalOf(edit, single())).toEqual({
      Code: "InvalidParameterValue",
      Message: `This ingest plays one source, so it has no ${field}: send StreamUrl, or stop it and start another with Playlist.`,
    });
  });
});

describe("an ingest that plays a list", () => {
  test.each([
    ["StreamUrl", () => ({ StreamUrl: urlOf("a") }), "send Playlist, InsertNext or ItemIndex"],
    ["Tempo", () => ({ Tempo: 2 }), "send Playlist with the Tempo of each item"],
    [
      "OnItemFailure Filler without a filler",
      () => ({ OnItemFailure: "Filler" }),
      "send it too, or another OnItemFailure",
    ],
    ["an ItemIndex behind its end", () => ({ ItemIndex: 2 }), "send a number from 0 to 1"],
  ])("refuses %s", async (_, edit, advice) => {
    const refusal = await refusalOf(edit);

    expect(refusal).toMatchObject({ Code: "InvalidParameterValue" });
    expect(refusal?.Message).toContain(advice);
  });

  test("refuses SkipItem at its last item, where no filler follows", async () => {
    const refusal = await refusalOf(() => ({ SkipItem: true }), {
      fields: { Playlist: [item("0", 60)] },
    });

    expect(refusal?.Message).toContain("send ItemIndex, or StopStreamIngest");
  });

  test.each([
    ["SkipItem", { SkipItem: true }],
    ["SeekSecond", { SeekSecond: 1 }],
    ["PlaylistRepeatNum", { PlaylistRepeatNum: 3 }],
  ])("refuses %s after it is over", async (field, edit) => {
    const FillerStreamUrl = urlOf("filler");
    const refusal = await refusalOf(() => edit, {
      fields: { Playlist: [item("0", 5)], FillerStreamUrl },
      seconds: 20,
    });

    expect(refusal).toEqual({
      Code: "InvalidParameterValue",
      Message: `The list is over, so ${field} changes nothing: send ItemIndex or Playlist to play again.`,
    });
  });

  test("refuses the 101st item", async () => {
    const Playlist = Array.from({ length: 100 }, (_, index) => item(String(index)));

    const refusal = await refusalOf(() => ({ InsertNext: item("101") }), { fields: { Playlist } });

    expect(refusal?.Message).toContain("send a shorter Playlist");
  });
});

describe("a seek", () => {
  const clip = (fields: object = {}) => ({ StreamUrl: urlOf("clip"), RepeatNum: 20, ...fields });

  test.each([
    ["to a second that the item does not have", {}, 4, "lasts 4 seconds"],
    ["behind the end of its PlaySeconds", { PlaySeconds: 30 }, 40, "over before that second"],
  ])("%s is refused", async (_, playing, SeekSecond, why) => {
    const refusal = await refusalOf(() => ({ SeekSecond }), {
      fields: { Playlist: [clip(playing), item("1")] },
    });

    expect(refusal?.Code).toBe("InvalidParameterValue");
    expect(refusal?.Message).toContain(why);
  });

  test("in a live item is refused", async () => {
    const live = { StreamUrl: "rtmp://media.example/live/1", PlaySeconds: 60 };
    const update = async () => {
      const { taskId } = await ours.scheduled({
        StreamUrl: undefined,
        RepeatNum: undefined,
        Playlist: [live],
        StartTime: ours.inSeconds(60),
      });
      return (await ours.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, SeekSecond: 1 }))
        .response.Error;
    };
    calls = made();

    expect((await update())?.Message).toContain("live, so it has no second to seek to");
  });
});

describe("an item on air without an end", () => {
  const endless = () => single({ KeepAlive: true });

  test.each([
    ["a Playlist after it", () => ({ Playlist: [item("a")] })],
    ["InsertNext", () => ({ InsertNext: item("a") })],
  ])("is followed by nothing, so %s is refused", async (_, edit) => {
    const refusal = await refusalOf(edit, endless());

    expect(refusal).toEqual({
      Code: "InvalidParameterValue",
      Message:
        "The end of the item on air is not known, so nothing can follow it: send Playlist with PlaylistRefresh Now.",
    });
  });

  test("has no list, so PlaylistRepeatNum alone is refused", async () => {
    const refusal = await refusalOf(() => ({ PlaylistRepeatNum: 2 }), endless());

    expect(refusal?.Message).toContain("PlaylistRepeatNum needs a list: send Playlist too");
  });
});

describe("fields that exclude each other", () => {
  const one = {
    StreamUrl: () => urlOf("a"),
    Playlist: () => [item("a")],
    InsertNext: () => item("a"),
    SkipItem: () => true,
    ItemIndex: () => 0,
    SeekSecond: () => 1,
  };
  const names = Object.keys(one) as (keyof typeof one)[];
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));

  test.each(pairs)("%s and %s are refused together", async (a, b) => {
    expect(await refusalOf(() => ({ [a]: one[a](), [b]: one[b]() }))).toEqual({
      Code: "InvalidParameterValue",
      Message: `${a} and ${b} exclude each other: send one of them, then the other.`,
    });
  });

  test("PlaylistRefresh without Playlist is refused", async () => {
    const refusal = await refusalOf(() => ({ PlaylistRefresh: "Now" }));

    expect(refusal?.Message).toContain("PlaylistRefresh needs Playlist: send it too");
  });

  test("SkipItem false changes nothing", async () => {
    expect(await refusalOf(() => ({ SkipItem: false }))).toMatchObject({
      Code: "MissingParameter",
    });
  });
});

describe("a new item", () => {
  const live = { StreamUrl: "rtmp://media.example/live/1" };
  const endless = () => ({ StreamUrl: urlOf("a"), RepeatNum: -1 });
  const gone = () => ({ StreamUrl: `${ours.app.trtcUrl}/media/none.mp4` });

  test.each([
    ["of a list is live", () => ({ Playlist: [item("a"), live] }), "Playlist[1].StreamUrl"],
    ["that is inserted is live", () => ({ InsertNext: live }), "InsertNext.StreamUrl"],
    ["of a list is endless", () => ({ Playlist: [endless()] }), "Playlist[0].RepeatNum"],
    ["that is inserted is endless", () => ({ InsertNext: endless() }), "InsertNext.RepeatNum"],
    [
      "of a list cannot be read",
      () => ({ Playlist: [item("a"), gone()] }),
      "Playlist[1].StreamUrl",
    ],
    ["that is inserted cannot be read", () => ({ InsertNext: gone() }), "InsertNext.StreamUrl"],
  ])("%s, and is refused by its place", async (_, edit, place) => {
    const refusal = await refusalOf(edit);

    expect(refusal?.Code).toMatch(/^InvalidParameter/);
    expect(refusal?.Message).toContain(place);
    expect(refusal?.Message).toContain("PlaySeconds");
  });
});

describe("the grant of the caller", () => {
  const LOCAL = "file:///etc/passwd";

  test.each([
    [
      "Playlist[1].StreamUrl",
      () => ({ Playlist: [item("a"), { ...item("b"), StreamUrl: LOCAL }] }),
    ],
    ["InsertNext.StreamUrl", () => ({ InsertNext: { ...item("a"), StreamUrl: LOCAL } })],
    ["BackupStreamUrl", () => ({ BackupStreamUrl: LOCAL })],
    ["FillerStreamUrl", () => ({ FillerStreamUrl: LOCAL })],
  ])("holds for %s", async (place, edit) => {
    const refusal = await refusalOf(edit);

    expect(refusal?.Code).toBe("InvalidParameter.StreamUrl");
    expect(refusal?.Message.startsWith(`${place} `)).toBe(true);
  });
});
