/** The table of COVERAGE.md, started row by row through the official SDK, all at once. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SOURCE_ROWS, type SourceRow } from "../local/trtc/coverage/sources.js";
import { DEFAULT_APPLICATIONS } from "../local/trtc/defaults.js";
import { type Emulator } from "../local/trtc/server.js";
import { SECOND_MS, systemClock } from "../shared/clock.js";
import { type CallbackReceiver, startCallbackReceiver } from "./support/callback-receiver.js";
import {
  CN_APP,
  cnSdk,
  type Send,
  startFields,
  startTestEmulator,
} from "./support/emulator-client.js";

type Name = keyof typeof SOURCE_ROWS;

const KEY = "callback-key-of-the-sources";
const ROWS = Object.entries(SOURCE_ROWS) as [Name, SourceRow][];

let receiver: CallbackReceiver;
let emulator: Emulator;
let files: Server;
let send: Send;
let tasks: Record<Name, string>;

/** A playlist that always has three segments more, a text that calls itself a film, and a trickle. */
function startFiles(segments: string): Server {
  const startedMs = systemClock.elapsedMs();
  return createServer((request, response) => {
    if (request.url === "/live.m3u8") {
      const first = Math.floor((systemClock.elapsedMs() - startedMs) / (2 * SECOND_MS));
      const parts = [0, 1, 2].map((n) => `#EXTINF:2.0,\n${segments}/small-${(first + n) % 2}.m2ts`);
      const head = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${first}`;
      response.end(`${head}\n${parts.join("\n")}\n`);
    } else if (request.url === "/text.mp4") {
      response.end("This is no film, whatever its name says.\n".repeat(100));
    } else if (request.url === "/slow.mp4") {
      response.writeHead(200, { "content-length": 1_000_000 });
      const ended = new AbortController();
      response.on("close", () => {
        ended.abort();
      });
      void trickle(response, ended.signal);
    } else {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
}

async function trickle(response: NodeJS.WritableStream, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    response.write("\0");
    await systemClock.sleep(SECOND_MS, ended);
  }
}

beforeAll(async () => {
  receiver = await startCallbackReceiver(KEY);
  emulator = await startTestEmulator({
    applications: DEFAULT_APPLICATIONS.map((each) => ({
      ...each,
      callbackUrl: receiver.url,
      callbackKey: KEY,
    })),
    sourceLimits: { bytesMax: 1024 * 1024, timeLimitMs: 3 * SECOND_MS },
  });
  const media = `${emulator.url}/media`;
  files = startFiles(media);
  await once(files, "listening");
  const own = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  const urls: Record<Name, string> = {
    loop: `${media}/clip.mp4`,
    hls: `${media}/small.m3u8`,
    live: `${own}/live.m3u8`,
    uhd: `${media}/uhd.mp4`,
    fast: `${media}/60fps.mp4`,
    missing: `${own}/missing.mp4`,
    slow: `${own}/slow.mp4`,
    text: `${own}/text.mp4`,
    rtmp: "rtmp://127.0.0.1:9/live/nobody",
  };
  send = cnSdk(emulator);
  const started = ROWS.map(async ([name, { what }]) => {
    const fields = { StreamUrl: urls[name], UserId: `robot_${name}`, RepeatNum: -1 };
    const { TaskId } = await send("StartStreamIngest", startFields(CN_APP, fields));
    expect([what, TaskId]).toEqual([what, expect.any(String)]);
    return [name, TaskId as string] as const;
  });
  tasks = Object.fromEntries(await Promise.all(started)) as Record<Name, string>;
  await untilSettled();
}, 60_000);
afterAll(async () => {
  await emulator.close();
  files.closeAllConnections();
  files.close();
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

/** Until each row has said as much as the table says that it does, or it is clear that it will not. */
async function untilSettled(): Promise<void> {
  const isSettled = () =>
    ROWS.every(([name, { statuses }]) => statusesOf(name).length >= statuses.length);
  for (let waited = 0; waited < 300 && !isSettled(); waited += 1) await systemClock.sleep(100);
  await systemClock.sleep(200);
}

test.each(ROWS)("%s: gets what the table promises", async (name, row) => {
  // Two events of one millisecond arrive in either order: what counts is how many there are of each.
  expect(statusesOf(name).sort()).toEqual([...row.statuses].sort());
  expect(truthOf(name)).toMatchObject({
    media: row.container === null ? null : { container: row.container },
    sourceFailure: row.failure,
    endReason: row.endReason,
  });
  const found = truthOf(name)?.durationSeconds ?? null;
  if (row.durationSeconds === null) expect(found).toBeNull();
  else expect(found).toBeCloseTo(row.durationSeconds, 0);
  const { Status } = await send("DescribeStreamIngest", { SdkAppId: CN_APP, TaskId: tasks[name] });
  expect(Status).toBe(row.endReason === null ? "InProgress" : "NotExist");
});

test("every callback was signed over what it holds", () => {
  expect(receiver.received.length).toBeGreaterThan(ROWS.length);
  expect(receiver.received.filter(({ isSigned }) => !isSigned)).toEqual([]);
});
