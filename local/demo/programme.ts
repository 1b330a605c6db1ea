/**
 * A list of three items from start to end. The source of the second is away when its turn comes, so
 * the filler plays. The source comes back, the third item follows, and the StopTime ends the list.
 */
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { readTruth, type TaskTruth } from "../emulator-truth.js";
import { bar, progressOn } from "../terminal/progress.js";
import { out } from "../terminal/terminal.js";
import { type FailingSource, startFailingSource } from "./failing-source.js";
import {
  type DemoRun,
  describe,
  expectThat,
  type Playing,
  reportEnd,
  SDK_APP_ID,
  startIngest,
  taskOf,
} from "./run.js";
import { surprisesOf, switchesOf, switchText } from "./switches.js";

/** The talk has to last longer than its source takes to fail and to come back. */
const TALK_SECONDS = 20;
const PLAYS_SECONDS = 34;
/** The talk comes back after so much health of its source. */
const CLEAR_SECONDS = 5;

type Names = ReadonlyMap<string, string>;

export async function playProgramme(run: DemoRun): Promise<void> {
  const source = await startFailingSource();
  try {
    await playWith(run, source);
  } finally {
    await source.close();
  }
}

async function playWith(run: DemoRun, source: FailingSource): Promise<void> {
  const media = `${run.trtcUrl}/media`;
  const filler = `${media}/tone.mp3`;
  const items = [
    // Its length is read from the file: 4 seconds.
    { Title: "Opening", StreamUrl: `${media}/clip.mp4`, RepeatNum: 2 },
    { Title: "Talk", StreamUrl: source.url, PlaySeconds: TALK_SECONDS },
    { Title: "Panel", StreamUrl: `${media}/small.mov`, PlaySeconds: 60 },
  ];
  const stopAt = addMs(clock.now(), PLAYS_SECONDS * SECOND_MS);
  const request = {
    SdkAppId: SDK_APP_ID,
    RoomId: "demo-room",
    RoomIdType: 0,
    Playlist: items,
    OnItemFailure: "Filler",
    FillerStreamUrl: filler,
    SourceClearSeconds: CLEAR_SECONDS,
    StopTime: stopAt.toISOString(),
    ClientToken: "demo",
  };
  out(`\nStartStreamIngest  a list in room "${request.RoomId}", StopTime ${request.StopTime}`);
  const started = await startIngest(run, request);
  out(`                   watch it: ${run.trtcUrl}/rooms/0/${request.RoomId}`);
  const names = new Map(items.map(({ StreamUrl, Title }) => [StreamUrl, Title]));
  names.set(filler, "filler");
  const dueAt = await watch(run, { started, stopAt, source, names });
  await reportSwitches(run, { started, source, names, dueAt });
  await reportEnd(run, { started, stopAt });
}

interface Watched extends Playing {
  source: FailingSource;
  names: Names;
}

/** Returns when each item was due by the clock of the list. */
async function watch(run: DemoRun, watched: Watched): Promise<Map<string, Date>> {
  const { started, stopAt, source, names } = watched;
  const progress = progressOn(process.stdout, clock);
  const say = (line: string): void => {
    progress.end();
    out(line);
  };
  const dueAt = new Map<string, Date>();
  source.die();
  say("                   the source of Talk dies");
  let shown = "";
  for (;;) {
    const leftMs = stopAt.getTime() - clock.now().getTime();
    const task = await taskOf(run, started);
    if (leftMs <= 0 || task.state === "ended") break;
    const onAir = onAirText(task, names);
    if (onAir !== undefined && onAir !== shown) {
      shown = onAir;
      say(`${clock.now().toISOString().slice(11)}      on air: ${onAir}`);
      const { NextItem } = await describe(run, started);
      if (NextItem?.StartsAt) dueAt.set(NextItem.Title ?? "", new Date(NextItem.StartsAt));
      if (onAir === "filler") {
        source.revive();
        say("                   the source of Talk comes back");
      }
    }
    progress.show(lineOf(task, { name: nameOf(task, names), leftMs }));
    await clock.sleep(Math.min(200, leftMs));
  }
  progress.end();
  return dueAt;
}

const nameOf = ({ streamUrl }: TaskTruth, names: Names): string =>
  names.get(streamUrl) ?? streamUrl;

/** `undefined` while TRTC opens the source: what it finds is not known yet. */
function onAirText(task: TaskTruth, names: Names): string | undefined {
  const name = nameOf(task, names);
  if (task.sourceState === "opening") return undefined;
  return task.sourceState === "open" ? name : `nothing, because ${name} cannot be opened`;
}

function lineOf(
  { durationSeconds, positionSeconds }: TaskTruth,
  { name, leftMs }: { name: string; leftMs: number },
): string {
  const stops = `stops in ${(leftMs / SECOND_MS).toFixed(1)} s`;
  if (durationSeconds === null) return `${bar(0)} no picture  ${stops}`;
  const position = `${positionSeconds.toFixed(1)} of ${durationSeconds.toFixed(1)} s`;
  return `${bar(positionSeconds / durationSeconds)} ${name}  ${position}  ${stops}`;
}

async function reportSwitches(
  run: DemoRun,
  { started, source, names, dueAt }: Omit<Watched, "stopAt"> & { dueAt: ReadonlyMap<string, Date> },
): Promise<void> {
  const answeredAt = source.answeredAgainAt();
  const observed = {
    task: await taskOf(run, started),
    callbacks: await readTruth(run.trtcUrl).callbacks(),
    names,
    dueAt,
    backAt: answeredAt && addMs(answeredAt, CLEAR_SECONDS * SECOND_MS),
  };
  out("\nswitches:");
  for (const seen of switchesOf(observed)) out(switchText(seen));
  const surprises = surprisesOf(observed);
  expectThat(surprises.length === 0, surprises.join("\n"));
}
