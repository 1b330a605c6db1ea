/** A start reads how long the items of its list are, and refuses those without an end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { startIngest } from "../../../shared/ingest/start/start.js";
import type { Call, Services } from "../../../shared/ingest/services.js";
import type { SourceVerdict } from "../../../shared/media/reader.js";
import type { Programme } from "../../../shared/store/programmes/programme-row.js";
import { CN_APP, SECRET_ID, startTestApp, type TestApp } from "../../support/app/test-app.js";
import { CLIP, sample } from "../../support/media/media.js";
import { type LivePlaylist, startLivePlaylist } from "../../support/media/live-playlist.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";

let app: TestApp;
let media: MediaServer;
let live: LivePlaylist;
let count = 0;

beforeAll(async () => {
  [app, media, live] = await Promise.all([startTestApp(), startMediaServer(), startLivePlaylist()]);
});
afterAll(() => Promise.all([app.close(), media.close(), live.close()]));

/** Two sources of their own for each test. */
let paths: [string, string];
let [one, two] = [{ StreamUrl: "" }, { StreamUrl: "" }];
beforeEach(() => {
  count += 1;
  paths = [`/one-${count}.mp4`, `/two-${count}.mp4`];
  for (const path of paths) media.put(path, CLIP);
  [one, two] = paths.map((path) => ({ StreamUrl: media.urlOf(path) })) as [typeof one, typeof two];
});

const room = () => `items-${count}`;

const body = (fields: object) => ({
  SdkAppId: CN_APP,
  RoomId: room(),
  RoomIdType: 0 as const,
  ...fields,
});

const start = (fields: object) => app.post("start-ingest", body(fields));

const errorOf = async (fields: object) => (await start(fields)).response.Error;

const probes = () =>
  app.logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line["probe"] !== undefined && line["room"] === room());

async function programmes(): Promise<Programme[]> {
  const rows = await app.database.query("select programme from ingest where room_id = $1", [
    room(),
  ]);
  return rows.map(({ programme }) => programme as Programme);
}

const lengths = async () =>
  (await programmes()).flatMap(({ items }) => items.map(({ LengthSeconds }) => LengthSeconds));

describe("the length of an item", () => {
  test("is learned where it is not said, and the start says it in its log", async () => {
    const Playlist = [one, { ...two, PlaySeconds: 60 }, { ...one, RepeatNum: 3, Title: "again" }];

    expect((await start({ Playlist })).response).toMatchObject({ TaskId: expect.any(String) });

    expect(await programmes()).toMatchObject([
      { items: [{ LengthSeconds: 4 }, Playlist[1], { RepeatNum: 3, LengthSeconds: 4 }] },
    ]);
    expect(media.requests(paths[1])).toBe(0);
    expect(probes()).toMatchObject([{ probe: "ok", detail: "Sources read: 1, for 3 items." }]);
  });

  test("of a source that comes several times is read once", async () => {
    const asked: string[] = [];
    const services = reading((url) => {
      asked.push(url);
      return Promise.resolve(clipOf(4));
    });

    await startIngest(services, callWith(20_000, { Playlist: [one, two, one, two] }));

    expect(asked).toEqual([one.StreamUrl, two.StreamUrl]);
    expect(await lengths()).toEqual([4, 4, 4, 4]);
  });

  test("is read of eight items at once, and of no more", async () => {
    let [now, most] = [0, 0];
    const services = reading(async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      return clipOf(5);
    });
    const Playlist = Array.from({ length: 100 }, (_, n) => ({
      StreamUrl: `${one.StreamUrl}?${n}`,
    }));

    await startIngest(services, callWith(20_000, { Playlist }));

    expect(most).toBe(8);
    expect(await lengths()).toEqual(Playlist.map(() => 5));
  });

  test("stays open where the function's time does not suffice, and TRTC is still called", async () => {
    media.put(paths[0], () => undefined);

    const answer = await startIngest(app.services, callWith(6000, { Playlist: [one, two] }));

    expect(answer.TrtcTaskId).toEqual(expect.any(String));
    expect(await lengths()).toEqual([undefined, 4]);
  });

  test("is not read where the start is a repeat, or its robot is busy", async () => {
    const fields = { Playlist: [one], ClientToken: room(), UserId: `robot-${count}` };
    const { response } = await start(fields);

    expect((await start(fields)).response).toMatchObject({ TaskId: response["TaskId"] });
    const busy = await errorOf({ ...fields, ClientToken: `${room()}-2` });

    expect(busy?.Code).toBe("FailedOperation.TaskExist");
    expect(probes()).toHaveLength(1);
  });

  test("is read when a start is scheduled, not when it starts", async () => {
    const StartTime = new Date(app.services.clock.now().getTime() + 3_600_000).toISOString();

    const { response } = await start({ Playlist: [one], StartTime });

    expect(response).toMatchObject({ State: "scheduled" });
    expect(await lengths()).toEqual([4]);
  });

  test("does not delay a StartTime that is near, or has just passed", async () => {
    const StartTime = new Date(app.services.clock.now().getTime() - 1000).toISOString();
    const times: number[] = [];
    const services = reading((_url, timeLeftMs) => {
      times.push(timeLeftMs);
      return Promise.resolve(clipOf(4));
    });

    await startIngest(services, callWith(30_000, { Playlist: [one], StartTime }));

    expect(times).toHaveLength(1);
    expect(times[0]).toBeLessThanOrEqual(5000);
  });
});

describe("an item is refused, and nothing is written or called:", () => {
  const isMissing = "would not play Playlist[1].StreamUrl: The server answers 404. Send a URL";

  test.each<[string, () => object, string, string]>([
    [
      "a missing one",
      () => {
        media.remove(paths[1]);
        return { Playlist: [one, two] };
      },
      "InvalidParameter.StreamUrl",
      `TRTC ${isMissing} that answers with the media, or send Playlist[1].PlaySeconds to let TRTC try it.`,
    ],
    [
      "a missing one of a start that probes, although it says how long it is on air",
      () => {
        media.remove(paths[1]);
        return { Playlist: [one, { ...two, PlaySeconds: 5 }], ProbeSource: true };
      },
      "InvalidParameter.StreamUrl",
      `TRTC ${isMissing} that answers with the media, or leave ProbeSource out to let TRTC try it.`,
    ],
    [
      "one that TRTC cannot play",
      () => {
        media.put(paths[0], sample("h265.mp4"));
        return { Playlist: [one, two] };
      },
      "InvalidParameter.StreamUrl",
      "TRTC would not play Playlist[0].StreamUrl: The video is h265: h264, vp8 are played. Send MP4, MOV, MKV, WebM, MP3, M4A, MPEG-TS, FLV or HLS, with H.264 or VP8 and with AAC, Opus or MP3.",
    ],
    [
      "a live one",
      () => ({ Playlist: [one, { StreamUrl: live.url }] }),
      "InvalidParameter.StreamUrl",
      "The length of Playlist[1].StreamUrl is not known: It is live, or its end was not found. Send PlaySeconds with the item.",
    ],
    [
      "one that begins behind its end",
      () => ({ Playlist: [{ ...one, SeekSecond: 4 }] }),
      "InvalidParameterValue",
      "Playlist[0].SeekSecond is behind the end of its media, which lasts 4 seconds: send a smaller one.",
    ],
  ])("%s", async (_what, fields, code, message) => {
    const calls = app.trtc.calls("StartStreamIngest");

    expect(await errorOf(fields())).toMatchObject({ Code: code, Message: message });

    expect(await programmes()).toEqual([]);
    expect(app.trtc.calls("StartStreamIngest")).toBe(calls);
  });

  test("the first one of several, whichever answer comes first", async () => {
    const services = reading(async (url, _timeLeftMs, words) => {
      if (url === one.StreamUrl) await new Promise(setImmediate);
      return { outcome: "unreachable", media: null, message: `${words?.field} is gone.` };
    });

    await expect(startIngest(services, callWith(20_000, { Playlist: [one, two] }))).rejects.toThrow(
      "Playlist[0].StreamUrl is gone.",
    );
  });

  test("one whose headers need too many bytes", async () => {
    const services = reading(() =>
      Promise.resolve({ outcome: "not-checked", media: null, message: "More than 2 MB." }),
    );

    await expect(startIngest(services, callWith(20_000, { Playlist: [one] }))).rejects.toThrow(
      "The length of Playlist[0].StreamUrl is not known: More than 2 MB. Send PlaySeconds with the item.",
    );
  });

  test("and after that no other item is read", async () => {
    let readings = 0;
    const services = reading(() => {
      readings += 1;
      return Promise.resolve({ outcome: "unreachable", media: null, message: "Gone." });
    });
    const Playlist = Array.from({ length: 50 }, (_, n) => ({ StreamUrl: `${one.StreamUrl}?${n}` }));

    await expect(startIngest(services, callWith(20_000, { Playlist }))).rejects.toThrow("Gone.");

    expect(readings).toBe(8);
  });
});

describe("an item that says how long it is on air", () => {
  test("may be live, missing or RTMP", async () => {
    media.remove(paths[0]);
    // The emulator opens the first item.
    const Playlist = [live.url, one.StreamUrl, "rtmp://127.0.0.1:9/live/a"].map((StreamUrl) => ({
      StreamUrl,
      PlaySeconds: 5,
    }));

    expect((await start({ Playlist })).response.Error).toBeUndefined();

    expect(media.requests(paths[0])).toBe(0);
  });

  test("is known as live where a start probes it", async () => {
    const Playlist = [{ StreamUrl: live.url, PlaySeconds: 5 }];

    expect((await start({ Playlist, ProbeSource: true })).response.Error).toBeUndefined();

    expect(await lengths()).toEqual([null]);
  });
});

describe("one source that is kept alive", () => {
  const kept = (fields: object) => ({ ...one, KeepAlive: true, ...fields });

  test("has its length learned where it plays a number of times", async () => {
    const { response } = await start(kept({ RepeatNum: 3 }));

    expect(await lengths()).toEqual([4]);
    const described = await app.post("describe-ingest", { TaskId: response["TaskId"] });
    expect(described.response).toMatchObject({ Media: { DurationSeconds: 4 }, RepeatNum: 3 });
  });

  test.each([[{}], [{ RepeatNum: -1 }]])("is not read with %j", async (fields) => {
    await start(kept(fields));

    expect(await lengths()).toEqual([undefined]);
    expect(probes()).toEqual([]);
  });

  test("plays until the deadline where it cannot be read", async () => {
    const services = reading(() =>
      Promise.resolve({ outcome: "unreachable", media: null, message: "Gone." }),
    );

    await startIngest(services, callWith(20_000, kept({ RepeatNum: 3 })));

    expect(await lengths()).toEqual([undefined]);
  });

  test("is refused where it cannot be read and the start probes", async () => {
    media.remove(paths[0]);

    expect(await errorOf(kept({ RepeatNum: 3, ProbeSource: true }))).toMatchObject({
      Code: "InvalidParameter.StreamUrl",
      Message: expect.stringContaining("TRTC would not play StreamUrl: The server answers 404."),
    });
    expect(await programmes()).toEqual([]);
  });
});

test("a start without a programme reads nothing", async () => {
  const services = reading(() => {
    throw new Error("it was read");
  });

  await startIngest(services, callWith(20_000, { ...one, RepeatNum: 3 }));

  expect(await programmes()).toEqual([null]);
});

const reading = (readSource: Services["readSource"]): Services => ({
  ...app.services,
  readSource,
});

const clipOf = (seconds: number): SourceVerdict => ({
  outcome: "ok",
  media: { Container: "mp4", DurationSeconds: seconds, Video: null, Audio: null },
});

/** A call as a function makes it, with this much time left. */
function callWith(timeLeftMs: number, fields: object): Call<"StartStreamIngest"> {
  const caller = app.services.config.callers.get(SECRET_ID);
  const application = app.services.config.applications.get(CN_APP);
  if (!caller || !application) throw new Error("there is no caller");
  const until = performance.now() + timeLeftMs;
  const request = body(fields);
  return { caller, application, request, timeLeftMs: () => until - performance.now() };
}
