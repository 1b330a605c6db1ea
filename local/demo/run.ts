/** What both demos need of a run: the official SDK, the emulator's truth, and a word when it differs. */
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { PresentedIngest } from "../../shared/ingest/present.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { LOCAL_CALLER } from "../environment/local-environment.js";
import { readTruth, type TaskTruth } from "../emulator-truth.js";
import { out } from "../terminal/terminal.js";

/** A later stop or switch is not "on the second". */
export const LATENESS_MAX_MS = SECOND_MS;
const GIVE_UP_SECONDS = 10;

export const SDK_APP_ID = DEFAULT_APPLICATIONS[0]?.sdkAppId ?? 0;

export interface DemoRun {
  client: Client;
  trtcUrl: string;
}

export interface Started {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
}

export interface Playing {
  started: Started;
  stopAt: Date;
}

export const sdkClient = (url: string): Client =>
  new Client({
    credential: { secretId: LOCAL_CALLER.Id, secretKey: LOCAL_CALLER.SecretKey },
    region: "ap-singapore",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host } },
  });

export async function startIngest({ client }: DemoRun, request: object): Promise<Started> {
  const started = (await client.request("StartStreamIngest", request)) as Started;
  out(`                   TaskId ${started.TaskId}, robot ${started.UserId}`);
  return started;
}

export const describe = async (
  { client }: DemoRun,
  { TaskId }: Started,
): Promise<PresentedIngest> =>
  (await client.DescribeStreamIngest({
    SdkAppId: SDK_APP_ID,
    TaskId,
  })) as unknown as PresentedIngest;

export async function taskOf({ trtcUrl }: DemoRun, { TrtcTaskId }: Started): Promise<TaskTruth> {
  const tasks = await readTruth(trtcUrl).tasks();
  expectThat(tasks.length === 1, `TRTC should have one task, but has ${tasks.length}`);
  const task = tasks.find(({ taskId }) => taskId === TrtcTaskId);
  if (!task) throw new Error("TRTC does not have the task that the answer names");
  return task;
}

async function untilEnded(run: DemoRun, started: Started): Promise<PresentedIngest> {
  const giveUpMs = clock.elapsedMs() + GIVE_UP_SECONDS * SECOND_MS;
  for (;;) {
    const seen = await describe(run, started);
    if (seen.State === "ended") return seen;
    expectThat(
      clock.elapsedMs() < giveUpMs,
      `still ${seen.State} ${GIVE_UP_SECONDS} s after its StopTime`,
    );
    await clock.sleep(100);
  }
}

/** Waits for the end, and throws where it is not one stop on the StopTime. */
export async function reportEnd(run: DemoRun, { started, stopAt }: Playing): Promise<void> {
  const { EndReason } = await untilEnded(run, started);
  const task = await taskOf(run, started);
  const lateMs = new Date(task.endedAt ?? 0).getTime() - stopAt.getTime();
  out(`\nended              ${EndReason ?? "?"}, ${lateMs} ms after its StopTime`);
  out("\nwhat TRTC was asked:");
  for (const { action, calls, throttled } of await readTruth(run.trtcUrl).calls()) {
    out(`  ${action.padEnd(22)} ${calls}${throttled > 0 ? ` (${throttled} throttled)` : ""}`);
  }
  expectThat(EndReason === "expired", `it ended as ${EndReason ?? "?"}, not expired`);
  expectThat(
    task.endReason === "stopped",
    `TRTC ended it as ${task.endReason ?? "?"}, not stopped`,
  );
  expectThat(task.stopCalls === 1, `TRTC was asked to stop it ${task.stopCalls} times, not once`);
  expectThat(lateMs >= 0, "it was stopped before its StopTime");
  expectThat(lateMs <= LATENESS_MAX_MS, `it was stopped ${lateMs} ms late`);
}

export function expectThat(holds: boolean, surprise: string): void {
  if (!holds) throw new Error(surprise);
}
