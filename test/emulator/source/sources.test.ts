/** The table in COVERAGE.md, started row by row through the official SDK, all at once. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SOURCE_ROWS, type SourceRow } from "../../../emulator/coverage/sources.js";
import { type Emulator } from "../../../emulator/server.js";
import { SECOND_MS, systemClock } from "../../../shared/clock.js";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../../support/http/callback-receiver.js";
import {
  applicationsCalling,
  CN_APP,
  cnSdk,
  type Send,
  startFields,
  startTestEmulator,
} from "../../support/http/emulator-client.js";
import { type LivePlaylist, startLivePlaylist } from "../../support/media/live-playlist.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import { type RtmpServer, startRtmpServer } from "../../support/media/rtmp-server.js";

type Name = keyof typeof SOURCE_ROWS;

const KEY = "callback-key-of-the-sources";
const ROWS = Object.entries(SOURCE_ROWS) as [Name, SourceRow][];

let receiver: CallbackReceiver;
let emulator: Emulator;
let files: MediaServer;
let live: LivePlaylist;
let rtmp: RtmpServer;
let send: Send;
let tasks: Record<Name, string>;

/** A text that claims to be a film, and a slow response. */
function putFiles({ put }: MediaServer): void {
  put("/text.mp4", Buffer.from("This is no film, whatever its name says."));
  put("/slow.mp4", (_request, response) => {
    void trickle(response);
  });
}

async function trickle(response: ServerResponse): Promise<void> {
  while (!response.destroyed) {
    response.write("\0");
    await systemClock.sleep(SECOND_MS);
  }
}

beforeAll(async () => {
  receiver = await startCallbackReceiver(KEY);
  emulator = await startTestEmulator({
    applications: applicationsCalling(receiver.url, KEY),
    sourceLimits: { bytesMax: 1024 * 1024, timeLimitMs: 3 * SECOND_MS },
  });
  const media = `${emulator.url}/media`;
  files = await startMediaServer();
  live = await startLivePlaylist();
  rtmp = await startRtmpServer();
  putFiles(files);
  const urls: Record<Name, string> = {
    loop: `${media}/clip.mp4`,
    hls: `${media}/small.m3u8`,
    live: live.url,
    flv: `${media}/small.flv`,
    sound: `${media}/tone.mp3`,
    stream: rtmp.url,
    codec: `${media}/h265.mp4`,
    uhd: `${media}/uhd.mp4`,
    fast: `${media}/60fps.mp4`,
    missing: files.urlOf("/missing.mp4"),
    slow: files.urlOf("/slow.mp4"),
    text: files.urlOf("/text.mp4"),
    rtmp: "rtmp://127.0.0.1:1/live/nobody",
  };
  send = cnSdk(emulator);
  const started = ROWS.map(async ([name, { what }]) => {
    const fields = { StreamUrl: urls[name], UserId: `robot_${name}`, RepeatNum: -1 };
    const { TaskId } = await send("StartStreamIngest", startFields(CN_APP, fields));
    expect([what, TaskId]).toEqual([what, expect.any(String)]);
    return [name, TaskId as string] as const;
  });
  tasks = Object.fromEntries(await Promise.all(started)) as Record<Name, string>;
  await untilReconciled();
});
afterAll(async () => {
  await emulator.close();
  await Promise.all([files.close(), live.close(), rtmp.close()]);
  await receiver.close();
});

const statusesOf = (name: Name): number[] =>
  receiver.received
    .filter(({ body }) => body.EventType === 701 && body.EventInfo["TaskId"] === tasks[name])
    .sort(
      (one, other) =>
        Number(one.body.EventInfo["EventMsTs"]) - Number(other.body.EventInfo["EventMsTs"]),
    )
    .map(({ body }) => Number(body.EventInfo["Status"]));

const truthOf = (name: Name) => emulator.tasks().find(({ taskId }) => taskId === tasks[name]);

/** Waits until each row has sent as many events as the table says. */
async function untilReconciled(): Promise<void> {
  const isComplete = () =>
    ROWS.every(([name, { statuses }]) => statusesOf(name).length >= statuses.length);
  while (!isComplete()) await receiver.until(receiver.received.length + 1);
}

test.each(ROWS)("the source %s has the outcome of the table", async (name, row) => {
  // Two events of one millisecond may arrive in either order, so only their numbers count.
  expect(statusesOf(name).sort()).toEqual([...row.statuses].sort());
  expect(truthOf(name)).toMatchObject({
    media: row.container === null ? null : { container: row.container },
    sourceFailure: row.failure,
    endReason: row.endReason,
  });
  const seconds = truthOf(name)?.durationSeconds ?? null;
  if (row.durationSeconds === null) expect(seconds).toBeNull();
  else expect(seconds).toBeCloseTo(row.durationSeconds, 0);
  const { Status } = await send("DescribeStreamIngest", { SdkAppId: CN_APP, TaskId: tasks[name] });
  expect(Status).toBe(row.endReason === null ? "InProgress" : "NotExist");
});

test("no other callback is sent", () => {
  for (const [name, { statuses }] of ROWS) {
    expect([name, statusesOf(name).length]).toEqual([name, statuses.length]);
  }
});

test("every callback's signature fits its body", () => {
  expect(receiver.received.length).toBeGreaterThan(ROWS.length);
  expect(receiver.received.filter(({ isSigned }) => !isSigned)).toEqual([]);
});
