/**
 * Pure functions that keep a picture in step with its task. They compute the task's position
 * between two answers of the emulator, and the player's correction. The task decides; only the
 * picture is corrected.
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

/** The task's position after this time. */
export function headAfter(robot: Playing, elapsedSeconds: number): Head {
  const { positionSeconds, durationSeconds, loops, rounds, tempo } = robot;
  if (robot.state !== "playing") return { positionSeconds, loops };
  const later = positionSeconds + elapsedSeconds * tempo;
  if (durationSeconds === null) return { positionSeconds: later, loops };
  const more = Math.floor(later / durationSeconds);
  // Only the emulator reports the end. Until then the position stays at the end.
  if (rounds !== null && loops + more >= rounds) {
    return { positionSeconds: durationSeconds, loops: rounds - 1 };
  }
  return { positionSeconds: later - more * durationSeconds, loops: loops + more };
}

/**
 * A difference that viewers notice. Smaller ones are corrected by playing slightly faster or
 * slower.
 */
const JUMP_SECONDS = 0.3;

/** A frame or two: close enough. */
const CLOSE_SECONDS = 0.04;

/** Viewers do not notice five percent. */
const NUDGE = 0.05;

export interface Correction {
  /** Undefined: no seek. */
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

/** The shorter way around a loop: the end of one round is close to the start of the next. */
export function behindSeconds(at: number, target: number, durationSeconds: number): number {
  const ahead = target - at;
  if (ahead > durationSeconds / 2) return ahead - durationSeconds;
  if (ahead < -durationSeconds / 2) return ahead + durationSeconds;
  return ahead;
}
