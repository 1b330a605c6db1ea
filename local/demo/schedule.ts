/**
 * A schedule from its creation to the end of its first occurrence. The run's clock is moved to just
 * before the start, and then to just before the end, so the demo does not wait for a weekday.
 */
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { ScheduleAnswers } from "../../shared/contract/schedules/answers.js";
import type { ScheduleAction, ScheduleRequests } from "../../shared/contract/schedules/schemas.js";
import { readTruth, type TaskTruth } from "../emulator-truth.js";
import { progressOn } from "../terminal/progress.js";
import { out } from "../terminal/terminal.js";
import { type DemoRun, expectThat, LATENESS_MAX_MS, SDK_APP_ID } from "./run.js";

/** The timers have run once more by then. */
const BEFORE_MS = 12 * SECOND_MS;
const WATCHED_MS = 3 * SECOND_MS;
const GIVE_UP_MS = 30 * SECOND_MS;

type Occurrence = ScheduleAnswers["ListIngestOccurrences"]["Occurrences"][number];

export async function playSchedule(run: DemoRun): Promise<void> {
  const moved = await movedClock(run);
  const fields = {
    Name: "Morning lessons",
    Ingest: {
      SdkAppId: SDK_APP_ID,
      RoomId: "demo-room",
      RoomIdType: 0 as const,
      StreamUrl: `${run.trtcUrl}/media/clip.mp4`,
      RepeatNum: -1,
    },
    TimeZone: "Europe/Berlin",
    Windows: [{ Recurrence: "0 9 * * 1-5", EndAt: "11:30" }],
    ClientToken: "demo",
  };
  out("\nCreateIngestSchedule   each weekday from 09:00 to 11:30 in Berlin");
  const { ScheduleId } = await ask(run, "CreateIngestSchedule", fields);
  out(`                       ${ScheduleId}`);
  const { Occurrences } = await ask(run, "PreviewIngestSchedule", { ScheduleId, Count: 3 });
  for (const { LocalStart, LocalEnd } of Occurrences) {
    out(`PreviewIngestSchedule  ${LocalStart} to ${LocalEnd}`);
  }
  const [first] = Occurrences;
  if (!first) throw new Error("the schedule has no occurrence");
  await moved.to(new Date(Date.parse(first.StartTime) - 10 * MINUTE_MS));
  await until(run, { ScheduleId, state: "Planned" });
  await watchStart(run, { moved, ScheduleId, startAt: new Date(first.StartTime) });
  await watchEnd(run, { moved, ScheduleId, endAt: new Date(first.EndTime) });
}

const ask = async <A extends ScheduleAction>(
  { client }: DemoRun,
  action: A,
  fields: ScheduleRequests[A],
): Promise<ScheduleAnswers[A]> => (await client.request(action, fields)) as ScheduleAnswers[A];

type MovedClock = Awaited<ReturnType<typeof movedClock>>;

/** The clock of the run, which functions, timers and TRTC share. */
async function movedClock({ trtcUrl }: DemoRun) {
  let aheadMs = 0;
  const now = () => new Date(clock.now().getTime() + aheadMs);
  return Promise.resolve({
    now,
    async to(at: Date): Promise<void> {
      const advanceSeconds = Math.floor((at.getTime() - now().getTime()) / SECOND_MS);
      if (advanceSeconds <= 0) return;
      const answer = await fetch(`${trtcUrl}/_emulator/clock`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ advanceSeconds }),
      });
      expectThat(answer.ok, `the clock could not be moved: ${answer.status}`);
      aheadMs += advanceSeconds * SECOND_MS;
      out(`                       the clock moves to ${now().toISOString()}`);
    },
  });
}

interface Watched {
  moved: MovedClock;
  ScheduleId: string;
}

async function watchStart(
  run: DemoRun,
  { moved, ScheduleId, startAt }: Watched & { startAt: Date },
): Promise<void> {
  await moved.to(new Date(startAt.getTime() - BEFORE_MS));
  await countDown(moved, "starts", startAt);
  const { TaskId, LatenessSeconds } = await until(run, { ScheduleId, state: "Running" });
  const { startedAt } = await taskOf(run);
  const lateMs = new Date(startedAt).getTime() - startAt.getTime();
  out(`started                ${TaskId ?? "?"}, ${lateMs} ms after its StartTime`);
  expectThat(LatenessSeconds !== null, "the occurrence does not say how late it is");
  expectThat(lateMs >= 0, "it started before its StartTime");
  expectThat(lateMs <= LATENESS_MAX_MS, `it started ${lateMs} ms late`);
  await clock.sleep(WATCHED_MS);
}

async function watchEnd(
  run: DemoRun,
  { moved, ScheduleId, endAt }: Watched & { endAt: Date },
): Promise<void> {
  await moved.to(new Date(endAt.getTime() - BEFORE_MS));
  await countDown(moved, "ends", endAt);
  const { Reason } = await until(run, { ScheduleId, state: "Done" });
  const { endedAt } = await taskOf(run);
  const lateMs = new Date(endedAt ?? 0).getTime() - endAt.getTime();
  out(`ended                  ${Reason ?? "?"}, ${lateMs} ms after its EndTime`);
  const { Occurrences } = await ask(run, "ListIngestOccurrences", { ScheduleId });
  for (const { StartTime, State } of Occurrences) {
    out(`ListIngestOccurrences  ${StartTime}  ${State}`);
  }
  expectThat(Reason === "expired", `it ended as ${Reason ?? "?"}, not expired`);
  expectThat(lateMs >= 0, "it was stopped before its EndTime");
  expectThat(lateMs <= LATENESS_MAX_MS, `it was stopped ${lateMs} ms late`);
}

async function countDown(moved: MovedClock, what: string, at: Date): Promise<void> {
  const progress = progressOn(process.stdout, clock);
  for (;;) {
    const leftMs = at.getTime() - moved.now().getTime();
    if (leftMs <= 0) break;
    progress.show(`                       ${what} in ${(leftMs / SECOND_MS).toFixed(1)} s`);
    await clock.sleep(Math.min(200, leftMs));
  }
  progress.end();
}

/** Waits for the occurrence of now in this state. */
async function until(
  run: DemoRun,
  { ScheduleId, state }: Pick<Watched, "ScheduleId"> & { state: Occurrence["State"] },
): Promise<Occurrence> {
  const giveUpMs = clock.elapsedMs() + GIVE_UP_MS;
  for (;;) {
    const { Occurrences } = await ask(run, "ListIngestOccurrences", { ScheduleId, State: state });
    const occurrence = Occurrences.at(-1);
    if (occurrence) return occurrence;
    expectThat(
      clock.elapsedMs() < giveUpMs,
      `no occurrence is ${state} after ${GIVE_UP_MS / SECOND_MS} s`,
    );
    await clock.sleep(100);
  }
}

async function taskOf({ trtcUrl }: DemoRun): Promise<TaskTruth> {
  const [task, ...others] = await readTruth(trtcUrl).tasks();
  if (!task) throw new Error("TRTC has no task");
  expectThat(others.length === 0, `TRTC should have one task, but has ${others.length + 1}`);
  return task;
}
