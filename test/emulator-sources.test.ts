/** What becomes of a start, by what is behind its StreamUrl: through the SDK, on a clock that is moved. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Emulator } from "../local/trtc/server.js";
import type { TaskTruth } from "../local/trtc/truth.js";
import { SECOND_MS, systemClock } from "../shared/clock.js";
import {
  CN_APP,
  cnSdk,
  startFields,
  startTestEmulator,
  userSig,
} from "./support/emulator-client.js";
import { type LivePlaylist, startLivePlaylist } from "./support/live-playlist.js";
import { manualClock } from "./support/manual-clock.js";
import { type MediaServer, startMediaServer } from "./support/media-server.js";
import { type RtmpServer, startRtmpServer } from "./support/rtmp-server.js";

const clock = manualClock();
let emulator: Emulator;
let server: MediaServer;
let live: LivePlaylist;
let rtmp: RtmpServer;

beforeAll(async () => {
  server = await startMediaServer();
  live = await startLivePlaylist();
  rtmp = await startRtmpServer();
  server.put("/text.mp4", Buffer.from("This is no film."));
  server.put("/slow.mp4", (_request, response) => {
    void (async () => {
      while (!response.destroyed) {
        response.write("\0");
        await systemClock.sleep(SECOND_MS);
      }
    })();
  });
  emulator = await startTestEmulator({
    clock,
    switches: { callsPerSecond: 10_000 },
    sourceLimits: { bytesMax: 1_000_000, timeLimitMs: 500 },
  });
});
afterAll(async () => {
  await emulator.close();
  await Promise.all([server.close(), live.close(), rtmp.close()]);
});

async function started(streamUrl: string, repeatNum: number): Promise<() => TaskTruth> {
  const fields = startFields(CN_APP, { StreamUrl: streamUrl, RepeatNum: repeatNum });
  const UserSig = userSig(CN_APP, String(fields["UserId"]), clock.now());
  const { TaskId } = await cnSdk(emulator)("StartStreamIngest", { ...fields, UserSig });
  return () => emulator.tasks().find(({ taskId }) => taskId === TaskId) as TaskTruth;
}

describe("a start is answered, and then plays", () => {
  test.each([
    ["a looped MP4", () => `${emulator.url}/media/clip.mp4`, -1, "mp4", 4],
    ["an HLS playlist", () => `${emulator.url}/media/small.m3u8`, 1, "hls", 4],
    ["a live playlist that never ends", () => live.url, 1, "hls", null],
    ["an FLV", () => `${emulator.url}/media/small.flv`, 1, "flv", expect.closeTo(4, 1)],
    ["sound alone", () => `${emulator.url}/media/tone.mp3`, 1, "mp3", expect.closeTo(4, 1)],
    ["an RTMP stream", () => rtmp.url, 1, "rtmp", null],
  ])("%s", async (_what, url, repeatNum, container, durationSeconds) => {
    const task = await started(url(), repeatNum);
    expect(task()).toMatchObject({ state: "playing", media: null });
    while (task().media === null) await nextTurn();
    expect(task()).toMatchObject({ durationSeconds, media: { container, durationSeconds } });
    await clock.advance(5 * SECOND_MS);
    const isOver = repeatNum === 1 && durationSeconds !== null;
    expect(task().endReason).toBe(isOver ? "finished" : null);
  });
});

describe("a start is answered, tried four times, and then ends with its source", () => {
  test.each([
    ["a 4K file", () => `${emulator.url}/media/uhd.mp4`],
    ["a file of 60 frames a second", () => `${emulator.url}/media/60fps.mp4`],
    ["an H.265 file", () => `${emulator.url}/media/h265.mp4`],
    ["a missing file", () => server.urlOf("/missing.mp4")],
    ["a file served at one byte a second", () => server.urlOf("/slow.mp4")],
    ["a text behind .mp4", () => server.urlOf("/text.mp4")],
    ["an RTMP server that is not there", () => "rtmp://127.0.0.1:1/live/stream"],
  ])("%s", async (_what, url) => {
    const task = await started(url(), -1);
    const beganMs = clock.now().getTime();
    while (task().state !== "ended") {
      expect(task().media).toBeNull();
      await systemClock.sleep(20);
      await clock.advance(SECOND_MS / 2);
    }
    expect(task()).toMatchObject({ endReason: "source-failed", media: null });
    expect(clock.now().getTime() - beganMs).toBeGreaterThanOrEqual(4 * SECOND_MS);
  });
});
