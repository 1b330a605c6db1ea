/** Why a source does not play: the task, the page and the log have the same sentence. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type LoggedFailure, sourceFailureText } from "../../../emulator/tasks/open-source.js";
import type { RoomView } from "../../../emulator/page/view.js";
import { SourceError } from "../../../shared/media/media.js";
import { type Emulator } from "../../../emulator/server.js";
import type { TaskTruth } from "../../../emulator/tasks/truth.js";
import { manualClock } from "../../support/app/manual-clock.js";
import {
  CN_APP,
  cnSdk,
  startFields,
  startTestEmulator,
} from "../../support/http/emulator-client.js";
import { CLIP, mp3, sample } from "../../support/media/media.js";
import { flood, type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import { nextRoom } from "../../support/app/rooms.js";

const clock = manualClock();
const lines: string[] = [];

let emulator: Emulator;
/** A short time limit, for sources that never answer. */
let hasty: Emulator;
let media: MediaServer;
beforeAll(async () => {
  media = await startMediaServer();
  const options = {
    clock,
    logSourceFailure: (failure: LoggedFailure) => lines.push(sourceFailureText(failure)),
  };
  const bytesMax = 1_000_000;
  emulator = await startTestEmulator({
    ...options,
    sourceLimits: { bytesMax, timeLimitMs: 60_000 },
  });
  hasty = await startTestEmulator({ ...options, sourceLimits: { bytesMax, timeLimitMs: 400 } });
  media.put("/h265.mp4?sign=secret", sample("h265.mp4"));
  media.put("/uhd.mp4", sample("uhd.mp4"));
  media.put("/forbidden.mp4", (_request, response) => response.writeHead(403).end());
  media.put("/mute.mp4", () => undefined);
  media.put("/endless.m3u8", (_request, response) => {
    response.write("#EXTM3U\n");
    flood(response, Buffer.from("#EXTINF:2,\na.ts\n".repeat(5000)));
  });
  media.put("/clip.mp4", CLIP);
  media.put("/radio.mp3", (_request, response) => response.write(mp3(10)));
});
afterAll(async () => {
  await Promise.all([emulator.close(), hasty.close()]);
  await media.close();
});

async function play(path: string, on = emulator): Promise<{ taskId: string; roomId: string }> {
  const roomId = nextRoom();
  const fields = startFields(CN_APP, { RoomId: roomId, StreamUrl: media.urlOf(path) });
  const { TaskId } = await cnSdk(on)("StartStreamIngest", fields);
  return { taskId: String(TaskId), roomId };
}

async function until(
  taskId: string,
  is: (task: TaskTruth) => boolean,
  on = emulator,
): Promise<TaskTruth> {
  for (;;) {
    const { tasks } = (await (await fetch(`${on.url}/_emulator/tasks`)).json()) as {
      tasks: TaskTruth[];
    };
    const task = tasks.find((each) => each.taskId === taskId);
    if (task && is(task)) return task;
    await nextTurn();
  }
}

const robotIn = async (roomId: string, on = emulator) => {
  const answer = await fetch(`${on.url}/_emulator/rooms/0/${roomId}`);
  const { live, ended } = (await answer.json()) as RoomView;
  return [...live, ...ended][0];
};

describe("a source that fails", () => {
  test.each([
    ["/h265.mp4?sign=secret", "unsupported", "The video is h265: h264, vp8 are played.", null],
    ["/uhd.mp4", "too-large", "The picture is 3840 × 2160", null],
    ["/forbidden.mp4", "unreachable", "The server answers 403.", null],
    ["/missing.mp4", "unreachable", "The server answers 404.", null],
    ["/mute.mp4", "unreachable", "It was not opened within 0.4 seconds.", "time"],
    ["/endless.m3u8", "unsupported", "More than 1000000 bytes would have to be read.", "bytes"],
  ])("says why on the task, the page and in the log: %s", async (path, kind, text, budget) => {
    const on = budget === "time" ? hasty : emulator;
    const { taskId, roomId } = await play(path, on);
    const task = await until(taskId, ({ sourceState }) => sourceState === "failing", on);
    expect(task).toMatchObject({
      sourceFailure: kind,
      sourceFailureBudget: budget,
      sourceFailureMessage: expect.stringContaining(text),
    });
    expect(await robotIn(roomId, on)).toMatchObject({ sourceFailure: task.sourceFailureMessage });
    const line = lines.find((each) => each.includes(taskId));
    expect(line).toContain(`source ${kind}: ${task.sourceFailureMessage ?? "?"}`);
    expect(line).toContain(media.urlOf(path.replace(/\?.*/, "")));
    expect(lines.join()).not.toContain("secret");
  });

  test("says after its last attempt that it was not opened", async () => {
    const { taskId, roomId } = await play("/gone.mp4");
    const isEnded = ({ state }: TaskTruth) => state === "ended";
    void until(taskId, isEnded).catch(() => undefined);
    for (let tries = 0; tries < 4; tries += 1) {
      await until(taskId, ({ sourceState }) => sourceState !== "opening");
      await clock.advance(3000);
    }
    const task = await until(taskId, isEnded);
    expect(task).toMatchObject({
      endReason: "source-failed",
      sourceState: "not-opened",
      durationSeconds: null,
      sourceFailureMessage: "The server answers 404.",
    });
    expect(await robotIn(roomId)).toMatchObject({
      state: "ended",
      sourceState: "not-opened",
      sourceFailure: "The server answers 404.",
    });
  });
});

describe("a source", () => {
  test('is in state "opening" until it is open', async () => {
    const { taskId, roomId } = await play("/mute.mp4");
    expect(await until(taskId, () => true)).toMatchObject({ sourceState: "opening", media: null });
    expect(await robotIn(roomId)).toMatchObject({ sourceState: "opening", sourceFailure: null });
  });

  test("that opens is reported as opened, without a failure", async () => {
    const { taskId, roomId } = await play("/clip.mp4");
    expect(await until(taskId, ({ sourceState }) => sourceState === "open")).toMatchObject({
      durationSeconds: 4,
      sourceFailure: null,
      sourceFailureMessage: null,
    });
    expect(await robotIn(roomId)).toMatchObject({ sourceState: "open", sourceFailure: null });
  });

  test("that is stopped before it opens is reported as not opened", async () => {
    const { taskId } = await play("/mute.mp4");
    await cnSdk(emulator)("StopStreamIngest", { SdkAppId: CN_APP, TaskId: taskId });
    expect(await until(taskId, () => true)).toMatchObject({
      state: "ended",
      sourceState: "not-opened",
      sourceFailure: null,
    });
  });
});

test("a failure's text never contains the query or the password of an address", () => {
  const quoted = "Failed to parse http://me:word@host.example/a.m3u8?token=secret#x here";
  expect(new SourceError("unreachable", quoted).message).toBe(
    "Failed to parse http://host.example/a.m3u8 here",
  );
});
