/** Numbers and states in readable form. */
import type { RobotView } from "../view.js";

const END_REASONS: Readonly<Record<string, string>> = {
  stopped: "Stopped",
  finished: "Played to its end",
  "max-duration": "Reached its MaxDuration",
  "paused-too-long": "Paused for more than 12 hours",
  "robot-removed": "Its robot was removed",
  interrupted: "Interrupted by a robot of the same name",
  "source-failed": "The source could not be played",
};

/** A reason without a label is shown by its name. */
export function endReasonText(reason: string): string {
  const words = Object.hasOwn(END_REASONS, reason) ? END_REASONS[reason] : undefined;
  return words ?? reason.replace(/^./, (first) => first.toUpperCase()).replaceAll("-", " ");
}

const ENDS_BY: Readonly<Record<string, string>> = {
  deadline: "Deadline in",
  finished: "Ends in",
  "max-duration": "MaxDuration in",
  "paused-too-long": "Pause limit in",
};

/** The label of a countdown to this end. */
export const endsByText = (reason: string): string =>
  (Object.hasOwn(ENDS_BY, reason) && ENDS_BY[reason]) || "Ends in";

const STATES = {
  opening: "Opening",
  failing: "No source",
  playing: "Playing",
  paused: "Paused",
  ended: "Ended",
} as const;

/** A length, or why it is missing. A source that was never opened is not live. */
export function lengthText({ durationSeconds, sourceState }: RobotView): string {
  if (durationSeconds !== null) return timeText(durationSeconds);
  if (sourceState === "opening") return "being opened";
  return sourceState === "open" ? "live" : "not opened";
}

/** It ended because its source failed, so it has no picture. */
export const isDead = ({ ended }: RobotView): boolean => ended?.reason === "source-failed";

export const stateText = (robot: RobotView): string =>
  isDead(robot) ? "Failed" : STATES[robot.state];

/** An error's text as a sentence. Empty when there is none. */
export function sentenceOf(words: string | null | undefined): string {
  const text = words?.trim() ?? "";
  if (text === "") return "";
  const begun = text.replace(/^./u, (first) => first.toUpperCase());
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** `1:02.5`, or with hours `3:01:02`. Tenths help only for short times. */
export function timeText(seconds: number): string {
  const tenths = Math.floor(Math.max(0, seconds) * 10 + 1e-6);
  const whole = Math.floor(tenths / 10);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  if (hours > 0) return `${hours}:${String(minutes).padStart(2, "0")}:${rest}`;
  return `${minutes}:${rest}.${tenths % 10}`;
}

/** `6 d 23:59:59`, `1:02:05`, `2:05`: whole seconds, rounded up, so that 0:00 is the end. */
export function countdownText(seconds: number): string {
  const whole = Math.ceil(Math.max(0, seconds) - 1e-6);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  if (days + hours === 0) return `${minutes}:${rest}`;
  const clock = `${hours}:${String(minutes).padStart(2, "0")}:${rest}`;
  return days > 0 ? `${days} d ${clock}` : clock;
}

/** In the viewer's time zone. */
export const instantText = (iso: string): string =>
  new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(iso),
  );

const HALF_A_DAY_SECONDS = 43_200;

/** Only the time of an instant that is close. */
export function momentText(iso: string, inSeconds: number): string {
  if (inSeconds > HALF_A_DAY_SECONDS) return instantText(iso);
  return new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }).format(new Date(iso));
}

export const roomKindText = (roomIdType: 0 | 1): string =>
  roomIdType === 1 ? "Numeric room" : "String room";
