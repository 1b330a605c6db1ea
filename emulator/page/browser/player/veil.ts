/** What is written over a robot's picture, when there is none to see. */
import type { RobotView } from "../../view.js";
import { endReasonText, instantText, sentenceOf } from "../labels.js";

export interface Seen {
  /** The emulator still answers. */
  isConnected: boolean;
  /** This browser has tried to play the source, and could not. */
  isBroken: boolean;
}

export type Veil = [title: string, text: string];

const NONE: Veil = ["", ""];

export function veilOf(robot: RobotView, { isConnected, isBroken }: Seen): Veil {
  if (robot.ended) return [endReasonText(robot.ended.reason), endText(robot)];
  if (!isConnected) return ["No answer from the emulator", "The page goes on when it is back."];
  const isFailing = robot.sourceState === "failing";
  if (robot.media?.format === "none") {
    const words = "No browser plays it. The rest is what the emulator knows of it.";
    return ["RTMP", isFailing ? `${words}\n${failingText(robot)}` : words];
  }
  if (isFailing) return ["The source cannot be opened", failingText(robot)];
  if (robot.sourceState === "opening") return ["Opening the source", ""];
  if (isBroken) return ["This browser cannot play the source", "It tries again every few seconds."];
  return NONE;
}

/** The emulator's own reason and the instant; our sentence for the end is among the facts. */
function endText({ ended, sourceState, sourceFailure }: RobotView): string {
  const reason = sourceState === "not-opened" ? sentenceOf(sourceFailure) : "";
  const lines = [reason, ended ? instantText(ended.at) : ""];
  return lines.filter((line) => line !== "").join("\n");
}

/** An ingest that has ended stops its task: nothing is tried again for it. */
function failingText({ sourceFailure, ingest }: RobotView): string {
  const next = ingest?.endReason ? ingest.endDetail : "TRTC tries again in a moment.";
  return [sentenceOf(sourceFailure), sentenceOf(next)].filter((line) => line !== "").join("\n");
}
