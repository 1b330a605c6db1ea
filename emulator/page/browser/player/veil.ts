/** The text over a robot's picture while no picture is visible. */
import type { RobotView } from "../../view.js";
import { endReasonText, instantText, sentenceOf } from "../labels.js";

export interface Seen {
  /** The emulator still answers. */
  isConnected: boolean;
  /** This browser tried to play the source and failed. */
  isBroken: boolean;
}

export type Veil = [title: string, text: string];

const NONE: Veil = ["", ""];

export function veilOf(robot: RobotView, { isConnected, isBroken }: Seen): Veil {
  if (robot.ended) return [endReasonText(robot.ended.reason), endText(robot)];
  if (!isConnected) return ["No answer from the emulator", "The page goes on when it is back."];
  const isFailing = robot.sourceState === "failing";
  if (robot.media?.format === "none") {
    const words = "Browsers cannot play it. The facts below come from the emulator.";
    return ["RTMP", isFailing ? `${words}\n${failingText(robot)}` : words];
  }
  if (isFailing) return ["The source cannot be opened", failingText(robot)];
  if (robot.sourceState === "opening") return ["Opening the source", ""];
  if (isBroken) return ["This browser cannot play the source", "It tries again every few seconds."];
  return NONE;
}

/** The emulator's own reason and the instant. The facts below hold our explanation. */
function endText({ ended, sourceState, sourceFailure }: RobotView): string {
  const reason = sourceState === "not-opened" ? sentenceOf(sourceFailure) : "";
  const lines = [reason, ended ? instantText(ended.at) : ""];
  return lines.filter((line) => line !== "").join("\n");
}

/** An ended ingest has stopped its task, so there are no further attempts. */
function failingText({ sourceFailure, ingest }: RobotView): string {
  const next = ingest?.endReason ? ingest.endDetail : "TRTC tries again in a moment.";
  return [sentenceOf(sourceFailure), sentenceOf(next)].filter((line) => line !== "").join("\n");
}
