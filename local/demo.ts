/**
 * `npm run demo`: the main task from start to end, on free ports and in memory. It starts a loop
 * with a StopTime through the unmodified official SDK. The loop plays, and the timer stops it.
 */
import { parseArgs } from "node:util";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import { addMs, SECOND_MS, systemClock as clock } from "../shared/clock.js";
import { environment } from "../shared/config/environment.js";
import { jsonLog } from "../shared/log.js";
import type { PresentedIngest } from "../shared/ingest/present.js";
import { LOCAL_CALLER } from "./environment/local-environment.js";
import { bar, progressOn } from "./terminal/progress.js";
import { startLocal } from "./runtime.js";
import { DEFAULT_APPLICATIONS } from "../emulator/defaults.js";
import { readTruth, type TaskTruth } from "./emulator-truth.js";
import { runMain } from "./terminal/terminal.js";

const HELP = `Starts a loop through the official SDK, watches it play, and checks that it stops on its StopTime.

  npm run demo [-- --verbose]

  --verbose  also prints the functions' log lines
`;

const PLAYS_SECONDS = 12;
/** A later stop is not "on the second". */
const LATENESS_MAX_MS = 1000;
const GIVE_UP_SECONDS = 10;

const out = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const options = { help: { type: "boolean", short: "h" }, verbose: { type: "boolean" } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    out(HELP);
    return;
  }
  const startedMs = clock.elapsedMs();
  const { DATABASE_URL: _, TRTC_ENDPOINT: __, ...env } = environment();
  const log = jsonLog((line) => values.verbose && out(line));
  const runtime = await startLocal({ env, port: 0, trtcPort: 0, log });
  out(`functions  ${runtime.url}\nTRTC       ${runtime.trtcUrl} (emulator)`);
  out(`           up in ${((clock.elapsedMs() - startedMs) / SECOND_MS).toFixed(1)} s`);
  try {
    await play(runtime.url, runtime.trtcUrl);
  } finally {
    await runtime.close();
  }
}

async function play(url: string, trtcUrl: string): Promise<void> {
  const client = sdkClient(url);
  const SdkAppId = DEFAULT_APPLICATIONS[0]?.sdkAppId ?? 0;
  const stopAt = addMs(clock.now(), PLAYS_SECONDS * SECOND_MS);
  const request = {
    SdkAppId,
    RoomId: "demo-room",
    RoomIdType: 0,
    StreamUrl: `${trtcUrl}/media/clip.mp4`,
    RepeatNum: -1,
    StopTime: stopAt.toISOString(),
    ClientToken: "demo",
  };
  out(`\nStartStreamIngest  a loop in room "${request.RoomId}", StopTime ${request.StopTime}`);
  const started = (await client.request("StartStreamIngest", request)) as Started;
  out(`                   TaskId ${started.TaskId}, robot ${started.UserId}`);
  await watch(trtcUrl, { started, stopAt, client });
  const ended = await untilEnded(client, { SdkAppId, TaskId: started.TaskId });
  await reportEnd(trtcUrl, { started, stopAt, ended });
}

interface Started {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
}

interface Playing {
  started: Started;
  stopAt: Date;
}

async function watch(trtcUrl: string, playing: Playing & { client: Client }): Promise<void> {
  const { started, stopAt, client } = playing;
  const progress = progressOn(process.stdout, clock);
  const beganMs = clock.elapsedMs();
  let isListed = false;
  for (;;) {
    const leftMs = stopAt.getTime() - clock.now().getTime();
    const task = await truthOf(trtcUrl, started);
    if (leftMs <= 0 || task.state === "ended") break;
    progress.show(lineOf(task, leftMs));
    if (!isListed && clock.elapsedMs() - beganMs > 3 * SECOND_MS) {
      isListed = true;
      progress.end();
      await showList(client);
    }
    await clock.sleep(Math.min(200, leftMs));
  }
  progress.end();
}

function lineOf({ durationSeconds, positionSeconds, loops }: TaskTruth, leftMs: number): string {
  const stops = `stops in ${(leftMs / SECOND_MS).toFixed(1)} s`;
  if (durationSeconds === null) return `${bar(0)} the source is being opened  ${stops}`;
  const position = `${positionSeconds.toFixed(1)} of ${durationSeconds.toFixed(1)} s`;
  return `${bar(positionSeconds / durationSeconds)} ${position}  loop ${loops + 1}  ${stops}`;
}

async function showList(client: Client): Promise<void> {
  const { Ingests } = (await client.request("ListStreamIngests", { State: "running" })) as {
    Ingests: PresentedIngest[];
  };
  for (const { TaskId, State, RoomId, Deadline } of Ingests) {
    out(`ListStreamIngests  ${TaskId}  ${State}  room "${RoomId}"  until ${Deadline}`);
  }
  expectThat(Ingests.length === 1, `one ingest runs, but the list has ${Ingests.length}`);
}

async function untilEnded(
  client: Client,
  request: { SdkAppId: number; TaskId: string },
): Promise<PresentedIngest> {
  const giveUpMs = clock.elapsedMs() + GIVE_UP_SECONDS * SECOND_MS;
  for (;;) {
    const seen = (await client.DescribeStreamIngest(request)) as unknown as PresentedIngest;
    if (seen.State === "ended") return seen;
    expectThat(
      clock.elapsedMs() < giveUpMs,
      `still ${seen.State} ${GIVE_UP_SECONDS} s after its StopTime`,
    );
    await clock.sleep(100);
  }
}

async function reportEnd(
  trtcUrl: string,
  end: Playing & { ended: PresentedIngest },
): Promise<void> {
  const { started, stopAt, ended } = end;
  const task = await truthOf(trtcUrl, started);
  const endedAt = new Date(task.endedAt ?? 0);
  const lateMs = endedAt.getTime() - stopAt.getTime();
  out(`\nended              ${ended.EndReason ?? "?"}, ${lateMs} ms after its StopTime`);
  out("\nwhat TRTC was asked:");
  for (const { action, calls, throttled } of await readTruth(trtcUrl).calls()) {
    out(`  ${action.padEnd(22)} ${calls}${throttled > 0 ? ` (${throttled} throttled)` : ""}`);
  }
  expectThat(ended.EndReason === "expired", `it ended as ${ended.EndReason ?? "?"}, not expired`);
  expectThat(
    task.endReason === "stopped",
    `TRTC ended it as ${task.endReason ?? "?"}, not stopped`,
  );
  expectThat(task.stopCalls === 1, `TRTC was asked to stop it ${task.stopCalls} times, not once`);
  expectThat(lateMs >= 0, "it was stopped before its StopTime");
  expectThat(lateMs <= LATENESS_MAX_MS, `it was stopped ${lateMs} ms late`);
  out("\nall as promised");
}

async function truthOf(trtcUrl: string, { TrtcTaskId }: Started): Promise<TaskTruth> {
  const tasks = await readTruth(trtcUrl).tasks();
  const own = tasks.filter(({ taskId }) => taskId === TrtcTaskId);
  expectThat(tasks.length === 1, `TRTC should have one task, but has ${tasks.length}`);
  const [task] = own;
  if (!task) throw new Error("TRTC does not have the task that the answer names");
  return task;
}

function expectThat(holds: boolean, surprise: string): void {
  if (!holds) throw new Error(surprise);
}

function sdkClient(url: string): Client {
  return new Client({
    credential: { secretId: LOCAL_CALLER.Id, secretKey: LOCAL_CALLER.SecretKey },
    region: "ap-singapore",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host } },
  });
}

runMain(main);
