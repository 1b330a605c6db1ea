/** The main task from start to end: a loop with a StopTime plays, and the timer stops it. */
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { PresentedIngest } from "../../shared/ingest/present.js";
import type { TaskTruth } from "../emulator-truth.js";
import { bar, progressOn } from "../terminal/progress.js";
import { out } from "../terminal/terminal.js";
import {
  type DemoRun,
  expectThat,
  type Playing,
  reportEnd,
  SDK_APP_ID,
  startIngest,
  taskOf,
} from "./run.js";

const PLAYS_SECONDS = 12;

export async function playLoop(run: DemoRun): Promise<void> {
  const stopAt = addMs(clock.now(), PLAYS_SECONDS * SECOND_MS);
  const request = {
    SdkAppId: SDK_APP_ID,
    RoomId: "demo-room",
    RoomIdType: 0,
    StreamUrl: `${run.trtcUrl}/media/clip.mp4`,
    RepeatNum: -1,
    StopTime: stopAt.toISOString(),
    ClientToken: "demo",
  };
  out(`\nStartStreamIngest  a loop in room "${request.RoomId}", StopTime ${request.StopTime}`);
  const started = await startIngest(run, request);
  await watch(run, { started, stopAt });
  await reportEnd(run, { started, stopAt });
}

async function watch(run: DemoRun, { started, stopAt }: Playing): Promise<void> {
  const progress = progressOn(process.stdout, clock);
  const beganMs = clock.elapsedMs();
  let isListed = false;
  for (;;) {
    const leftMs = stopAt.getTime() - clock.now().getTime();
    const task = await taskOf(run, started);
    if (leftMs <= 0 || task.state === "ended") break;
    progress.show(lineOf(task, leftMs));
    if (!isListed && clock.elapsedMs() - beganMs > 3 * SECOND_MS) {
      isListed = true;
      progress.end();
      await showList(run);
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

async function showList({ client }: DemoRun): Promise<void> {
  const { Ingests } = (await client.request("ListStreamIngests", { State: "running" })) as {
    Ingests: PresentedIngest[];
  };
  for (const { TaskId, State, RoomId, Deadline } of Ingests) {
    out(`ListStreamIngests  ${TaskId}  ${State}  room "${RoomId}"  until ${Deadline}`);
  }
  expectThat(Ingests.length === 1, `one ingest runs, but the list has ${Ingests.length}`);
}
