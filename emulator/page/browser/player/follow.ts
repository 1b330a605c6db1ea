/**
 * How a picture follows a task, pure: where the task is between two answers of the emulator, and what
 * brings a player there. The task is the truth; the picture is corrected, never the other way.
 */
import type { RobotView } from "../../view.js";

export interface Head {
  positionSeconds: number;
  loops: number;
}

type Playing = Pick<
  RobotView,
  "state" | "positionSeconds" | "durationSeconds" | "loops" | "rounds" | "tempo"
>;

/** Where the task is so long after it was read. */
export function headAfter(robot: Playing, elapsedSeconds: number): Head {
  const { positionSeconds, durationSeconds, loops, rounds, tempo } = robot;
  if (robot.state !== "playing") return { positionSeconds, loops };
  const later = positionSeconds + elapsedSeconds * tempo;
  if (durationSeconds === null) return { positionSeconds: later, loops };
  const more = Math.floor(later / durationSeconds);
  // The emulator alone says when it is over: until then it stands at its end.
  if (rounds !== null && loops + more >= rounds) {
    return { positionSeconds: durationSeconds, loops: rounds - 1 };
  }
  return { positionSeconds: later - more * durationSeconds, loops: loops + more };
}

/** Where the player is seen to be wrong; less is made good by playing a little faster or slower. */
const JUMP_SECONDS = 0.3;

/** Closer than a frame or two is there. */
const CLOSE_SECONDS = 0.04;

/** Nobody hears or sees five in a hundred. */
const NUDGE = 0.05;

export interface Correction {
  /** Undefined: stay. */
  seekTo?: number;
  playbackRate: number;
}

export function correctionOf(
  atSeconds: number,
  target: { positionSeconds: number; durationSeconds: number; tempo: number },
): Correction {
  const { positionSeconds, durationSeconds, tempo } = target;
  const behind = behindSeconds(atSeconds, positionSeconds, durationSeconds);
  if (Math.abs(behind) > JUMP_SECONDS) return { seekTo: positionSeconds, playbackRate: tempo };
  if (Math.abs(behind) < CLOSE_SECONDS) return { playbackRate: tempo };
  return { playbackRate: tempo * (1 + Math.sign(behind) * NUDGE) };
}

/** The shorter way around: at the end of one round is close to the beginning of the next. */
export function behindSeconds(at: number, target: number, durationSeconds: number): number {
  const ahead = target - at;
  if (ahead > durationSeconds / 2) return ahead - durationSeconds;
  if (ahead < -durationSeconds / 2) return ahead + durationSeconds;
  return ahead;
}
