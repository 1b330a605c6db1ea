/** One task as the pages show it. */
import { asOf, endOf } from "../tasks/life.js";
import { LOOP, type Task } from "../tasks/task.js";
import { truthOf } from "../tasks/truth.js";
import { SECOND_MS } from "../../shared/clock.js";
import { formatOf, shortUrl, shownUrl } from "./format.js";
import { relayPath } from "./relay-path.js";
import type { RobotView } from "./view.js";

/** The last instant of a Date. An end before it happens by itself. */
const END_OF_TIME = new Date(8_640_000_000_000_000);

export function robotView(task: Task, now: Date): RobotView {
  const truth = truthOf(task, now);
  const { taskId, userId, streamUrl, positionSeconds, durationSeconds, loops, tempo } = truth;
  const ended =
    truth.endedAt !== null && truth.endReason !== null
      ? { at: truth.endedAt, reason: truth.endReason }
      : null;
  return {
    taskId,
    userId,
    positionSeconds,
    durationSeconds,
    loops,
    tempo,
    ended,
    source: shownUrl(streamUrl),
    media: ended
      ? null
      : {
          format: formatOf(streamUrl, truth.media?.container),
          streamUrl,
          relayUrl: relayPath(task, streamUrl),
        },
    state: stateOf(task, truth.state),
    sourceState: truth.sourceState,
    sourceFailure: truth.sourceFailureMessage,
    rounds: task.rounds === LOOP ? null : task.rounds,
    volume: truth.volume,
    startedAt: truth.startedAt,
    playedBefore: playedBefore(task, now),
    endsBy: ended ? null : endsBy(task, now),
  };
}

/** The page shows this many. `/_emulator/tasks` has all. */
const PLAYED_SHOWN = 20;

function playedBefore(task: Task, now: Date): RobotView["playedBefore"] {
  const sources = asOf(task, now).playedBefore;
  const latest = sources
    .slice(-PLAYED_SHOWN)
    .reverse()
    .map(({ streamUrl, from, until }) => ({
      source: shortUrl(streamUrl),
      from: from.toISOString(),
      until: until.toISOString(),
    }));
  return { count: sources.length, latest };
}

/** A pause shows as a pause even while the source is being opened, because nothing moves. */
function stateOf(task: Task, state: "playing" | "paused" | "ended"): RobotView["state"] {
  if (state !== "playing" || task.source.state === "open") return state;
  return task.source.state;
}

function endsBy(task: Task, now: Date): RobotView["endsBy"] {
  const end = endOf(task, END_OF_TIME);
  if (!end) return null;
  return { inSeconds: (end.at.getTime() - now.getTime()) / SECOND_MS, reason: end.reason };
}
