/** The facts about a robot, as lists of names and values. */
import type { RobotView } from "../view.js";
import { element, setText } from "./dom.js";
import {
  countdownText,
  endsByText,
  instantText,
  lengthText,
  sentenceOf,
  timeText,
} from "./labels.js";

export interface Facts {
  /** Short facts stand beside the picture if it has space. Long facts stand below. */
  roots: [short: HTMLElement, long: HTMLElement];
  write: (robot: RobotView, elapsedSeconds: number, loops: number) => void;
}

const SHORT = ["Round", "Ends in", "Volume", "Tempo", "Source", "Started", "Deadline"] as const;
const LONG = ["Task", "Ingest", "End"] as const;

type Fact = (typeof SHORT)[number] | (typeof LONG)[number];

/** The share of a row that a fact needs. */
const WIDTHS: Readonly<Partial<Record<Fact, string>>> = {
  Source: "wide code",
  Started: "half",
  Deadline: "half",
  Task: "code",
  Ingest: "code",
  End: "wide",
};

export function makeFacts(): Facts {
  const values = new Map<Fact, HTMLElement>();
  /** Its label names the cause of the end. */
  const endsIn = element("dt");
  const listOf = (facts: readonly Fact[], name: string): HTMLElement => {
    const list = element("dl", { class: `facts ${name}` });
    for (const fact of facts) {
      const value = element("dd");
      values.set(fact, value);
      const term = fact === "Ends in" ? endsIn : element("dt", {}, fact);
      list.append(element("div", { class: WIDTHS[fact] ?? "" }, term, value));
    }
    return list;
  };
  /** An unknown fact takes no space. */
  const set = (fact: Fact, text: string): void => {
    const value = values.get(fact);
    if (!value) return;
    setText(value, text);
    if (value.parentElement) value.parentElement.hidden = text === "";
  };
  return {
    roots: [listOf(SHORT, "short"), listOf(LONG, "long")],
    write(robot, elapsedSeconds, loops) {
      const { volume, tempo, endsBy, ended, ingest } = robot;
      const never = ended || lengthText(robot) !== "live" ? "—" : "No end by itself";
      setText(endsIn, endsBy ? endsByText(endsBy.reason) : "Ends in");
      set("Round", roundText(robot, loops));
      set("Ends in", endsBy ? countdownText(endsBy.inSeconds - elapsedSeconds) : never);
      set("Volume", volume > 100 ? `${volume} % (heard as 100 %)` : `${volume} %`);
      set("Tempo", `${tempo}×`);
      set("Source", robot.source);
      set("Started", instantText(robot.startedAt));
      set("Deadline", ingest ? instantText(ingest.deadline) : "");
      set("Task", robot.taskId);
      set("Ingest", ingest?.taskId ?? "");
      set("End", endText(robot));
    },
  };
}

function roundText(robot: RobotView, loops: number): string {
  const { durationSeconds, ended, rounds } = robot;
  if (durationSeconds === null) return lengthText(robot);
  return `${ended?.reason === "finished" ? loops : loops + 1} of ${rounds ?? "∞"}`;
}

/** `Expired after 1:02. The deadline … came; …`: our explanation, where we have one. */
function endText({ startedAt, ended, ingest }: RobotView): string {
  if (!ingest?.endReason) return "";
  const seconds = ended ? (Date.parse(ended.at) - Date.parse(startedAt)) / 1000 : undefined;
  const after = seconds === undefined ? "" : ` after ${timeText(seconds)}`;
  return `${sentenceOf(`${ingest.endReason}${after}`)} ${sentenceOf(ingest.endDetail)}`.trim();
}
