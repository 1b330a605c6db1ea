/** ProbeSource: a source that TRTC would not play is refused before anything is written or billed. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import { startIngest } from "../../shared/ingest/start/start.js";
import type { Call, Services } from "../../shared/ingest/services.js";
import {
  CN_APP,
  INTL_APP,
  KEY,
  SECRET_ID,
  startTestApp,
  type TestApp,
} from "../support/app/test-app.js";
import { ckafka, deadLettersOf, fixture, send, startAction } from "../support/http/cloud-events.js";
import { verifyCosUrl } from "../support/http/verify-presigned.js";
import { CLIP, sample } from "../support/media/media.js";
import { type MediaServer, startMediaServer } from "../support/media/media-server.js";

let app: TestApp;
let media: MediaServer;
let count = 0;

beforeAll(async () => {
  media = await startMediaServer();
  const rule = { Bucket: "media-1250000000", Caller: SECRET_ID, RoomId: "{name}", RoomIdType: 0 };
  const played = { SdkAppId: CN_APP, StreamUrl: media.urlOf("/{key}"), ProbeSource: true };
  app = await startTestApp({
    env: {
      RULES: JSON.stringify([{ ...rule, ...played }]),
      EVENT_CALLERS: JSON.stringify([{ Source: "ckafka:ingests", Caller: SECRET_ID }]),
    },
  });
});
afterAll(async () => {
  await app.close();
  await media.close();
});

/** A source of its own for each test. */
let path: string;
let url: string;
beforeEach(() => {
  count += 1;
  path = `/clip-${count}.mp4`;
  url = media.urlOf(path);
  media.put(path, CLIP);
});

const body = (fields: object = {}) => ({
  SdkAppId: CN_APP,
  RoomId: `room-${count}`,
  RoomIdType: 0,
  StreamUrl: url,
  RepeatNum: -1,
  ProbeSource: true,
  ...fields,
});

const start = (fields: object = {}) => app.post("start-ingest", body(fields));
const describeTask = async (TaskId: unknown) =>
  (await app.post("describe-ingest", { TaskId })).response;
const ingestsHere = async () =>
  (await app.post("list-ingests", { SdkAppId: CN_APP, RoomId: `room-${count}`, RoomIdType: 0 }))
    .response["Ingests"] as Record<string, unknown>[];
const slots = async () => (await app.database.query("select * from call_slot")).length;
const probes = () =>
  app.logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ probe, room }) => probe !== undefined && room === `room-${count}`);

const MEDIA = {
  Container: "mp4",
  DurationSeconds: 4,
  Video: { Codec: "h264", Width: 640, Height: 360, FrameRate: 25 },
  Audio: { Codec: "aac", Channels: 2, SampleRate: 48_000 },
};

describe("a source that TRTC would not play", () => {
  const missing = "The server answers 404. Send a URL that answers with the media";

  test.each([
    ["missing", undefined, missing],
    ["with H.265", sample("h265.mp4"), "The video is h265: h264, vp8 are played. Send MP4"],
    ["of 4K", sample("uhd.mp4"), "1080p and 30 are the most. Send at most 1080p"],
    ["a web page", Buffer.from("<!doctype html>"), "Its container cannot be played. Send MP4"],
  ])("%s is refused: no row, no slot, no call", async (_what, bytes, words) => {
    if (bytes) media.put(path, bytes);
    else media.remove(path);
    const before = { slots: await slots(), calls: app.trtc.calls("StartStreamIngest") };

    const { status, response } = await start({ ClientToken: `token-${count}` });

    expect({ status, code: response.Error?.Code }).toEqual({
      status: 400,
      code: "InvalidParameter.StreamUrl",
    });
    expect(response.Error?.Message).toMatch(/^TRTC would not play StreamUrl: /);
    expect(response.Error?.Message).toContain(words);
    expect(await ingestsHere()).toEqual([]);
    expect({ slots: await slots(), calls: app.trtc.calls("StartStreamIngest") }).toEqual(before);
  });

  test("can be sent again with the same token once it is there", async () => {
    media.remove(path);
    const fields = { ClientToken: `token-${count}` };
    expect((await start(fields)).status).toBe(400);

    media.put(path, CLIP);

    expect((await start(fields)).response).toMatchObject({ TaskId: expect.any(String) });
  });

  test("is one line of the log, without the query of its URL", async () => {
    await start({ StreamUrl: `${url}?sign=secret`, RoomId: `room-${count}` });

    const [line] = probes();
    expect(line).toMatchObject({
      function: "start-ingest",
      action: "StartStreamIngest",
      caller: SECRET_ID,
      probe: "unreachable",
      probeMs: expect.any(Number),
    });
    expect(JSON.stringify(line)).not.toContain("secret");
  });
});

describe("a source that TRTC plays", () => {
  test("starts, and describe and list have what was found", async () => {
    const { response } = await start();

    expect(await describeTask(response["TaskId"])).toMatchObject({ Media: MEDIA });
    expect(await ingestsHere()).toMatchObject([{ Media: MEDIA }]);
    expect(probes()).toMatchObject([{ probe: "ok" }]);
  });

  test("TRTC does not see the field", async () => {
    await start();

    expect(app.trtc.bodies("StartStreamIngest").at(-1)).not.toHaveProperty("ProbeSource");
  });

  test("on the international site too", async () => {
    const { response } = await start({ SdkAppId: INTL_APP });

    expect(await describeTask(response["TaskId"])).toMatchObject({ Media: MEDIA });
  });

  test("through the official SDK", async () => {
    const client = new Client({
      credential: { secretId: SECRET_ID, secretKey: KEY },
      region: "ap-singapore",
      profile: { httpProfile: { protocol: "http://", endpoint: new URL(app.url).host } },
    });

    const { TaskId } = (await client.request("StartStreamIngest", body())) as { TaskId: string };
    const described: unknown = await client.request("DescribeStreamIngest", { TaskId });
    expect(described).toMatchObject({ Media: MEDIA });

    media.remove(path);
    await expect(client.request("StartStreamIngest", body({ Volume: 50 }))).rejects.toMatchObject({
      code: "InvalidParameter.StreamUrl",
      message: expect.stringContaining("answers 404"),
    });
  });
});

describe("no probe is made", () => {
  test.each([[undefined], [false]])("where ProbeSource is %p", async (ProbeSource) => {
    const { response } = await start({ ProbeSource });

    expect(probes()).toEqual([]);
    expect(await describeTask(response["TaskId"])).toMatchObject({ Media: null });
  });

  test("for a repeat with its ClientToken, with the field or without", async () => {
    const fields = { ClientToken: `token-${count}` };
    const { response } = await start(fields);
    media.remove(path);

    for (const again of [fields, { ...fields, ProbeSource: undefined }]) {
      expect((await start(again)).response).toMatchObject({ TaskId: response["TaskId"] });
    }
    expect(probes()).toHaveLength(1);
  });

  test("where the robot is busy", async () => {
    const UserId = `robot-${count}`;
    const { response } = await start({ UserId });
    expect(response["TaskId"]).toEqual(expect.any(String));

    const second = await start({ UserId });

    expect(second.response.Error?.Code).toBe("FailedOperation.TaskExist");
    expect(probes()).toHaveLength(1);
  });

  test("where the request is refused anyhow", async () => {
    const { response } = await start({ StopTime: "2020-01-01T00:00:00Z" });

    expect(response.Error?.Message).toContain("StopTime is over");
    expect(media.requests(path)).toBe(0);
  });

  test("of RTMP, which starts unchecked", async () => {
    const { response } = await start({ StreamUrl: "rtmp://127.0.0.1:9/live/stream" });

    expect(await describeTask(response["TaskId"])).toMatchObject({ Media: null });
    expect(probes()).toMatchObject([{ probe: "not-checked", detail: "RTMP is not checked." }]);
  });
});

test("a start that began during the failed probe of its repeat keeps its answer", async () => {
  const fields = { ClientToken: `token-${count}` };
  let begun: ReturnType<typeof start> | undefined;
  media.put(path, (_request, response) => {
    const isFirst = begun === undefined;
    begun ??= start({ ...fields, ProbeSource: undefined });
    if (isFirst) void begun.then(() => response.writeHead(404).end());
    else response.end(CLIP);
  });

  const { response } = await start(fields);

  expect(probes()).toMatchObject([{ probe: "unreachable" }]);
  expect(response).toMatchObject({ TaskId: (await begun)?.response["TaskId"] });
});

/** A call as a function makes it, with this much time left. */
function callWith(timeLeftMs: number): Call<"StartStreamIngest"> {
  const caller = app.services.config.callers.get(SECRET_ID);
  const application = app.services.config.applications.get(CN_APP);
  if (!caller || !application) throw new Error("there is no caller");
  const until = performance.now() + timeLeftMs;
  const request = { ...body(), RoomIdType: 0 as const };
  return { caller, application, request, timeLeftMs: () => until - performance.now() };
}

test("a source that turns out too slow leaves the call to TRTC its time", async () => {
  media.put(path, () => undefined);

  const answer = await startIngest(app.services, callWith(6000));

  expect(answer.TrtcTaskId).toEqual(expect.any(String));
  expect(probes()).toMatchObject([{ probe: "not-checked" }]);
});

describe("an update", () => {
  test("with another StreamUrl makes Media null, and one with the same does not", async () => {
    const { response } = await start();
    const { TaskId } = response;

    await app.post("update-ingest", { TaskId, StreamUrl: url, Volume: 50 });
    expect(await describeTask(TaskId)).toMatchObject({ Media: MEDIA });
    await app.post("update-ingest", { TaskId, StreamUrl: `${url}?other` });

    expect(await describeTask(TaskId)).toMatchObject({ Media: null });
  });
});

describe("a message", () => {
  test("may ask for a probe", async () => {
    media.remove(path);
    const fields = { RoomId: `room-${count}`, StreamUrl: url, ProbeSource: true };

    await send(app, ckafka(startAction(app, fields)));

    expect(probes()).toMatchObject([{ function: "cloud-event", probe: "unreachable" }]);
    expect(await ingestsHere()).toEqual([]);
    expect(await deadLettersOf(app)).toMatchObject([{ code: "InvalidParameter.StreamUrl" }]);
  });

  test("that an object was stored asks for it where its rule says so", async () => {
    await send(app, fixture("cos-created", app));

    expect(app.logLines.join("\n")).toContain('"room":"clip"');
    expect((await deadLettersOf(app)).map(({ code }) => code)).toEqual([
      "InvalidParameter.StreamUrl",
      "InvalidParameter.StreamUrl",
    ]);
  });
});

test("an object without a public address is read by a URL that we sign", async () => {
  const asked: string[] = [];
  const services: Services = {
    ...app.services,
    storageCredential: () => ({ secretId: "AKIDstorage", secretKey: "the-storage-secret" }),
    readSource: (streamUrl) => {
      asked.push(streamUrl);
      return Promise.resolve({ outcome: "unreachable", media: null, message: "Gone." });
    },
  };
  const bucket = { Bucket: "media-1250000000", Region: "ap-guangzhou", Key: "a.mp4" };
  const call = { ...callWith(20_000), source: { Storage: "cos" as const, ...bucket } };

  await expect(startIngest(services, call)).rejects.toThrow("Gone.");

  const now = services.machineClock.now();
  expect(asked.map((signed) => verifyCosUrl(signed, "the-storage-secret", now))).toEqual([
    { ok: true },
  ]);
});
