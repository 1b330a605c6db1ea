/**
 * The switches of the demo's list: when each was due, and when it came by the emulator's record.
 * Pure functions of that record.
 */
import { FAILED_FOR_GOOD } from "../../shared/store/ingests/media.js";
import { INGEST_STARTED } from "../../emulator/callbacks/bodies.js";
import type { CallbackRecord, TaskTruth } from "../emulator-truth.js";
import { LATENESS_MAX_MS } from "./run.js";

const COULD_NOT_BE_OPENED = 1;

export interface Observed {
  task: Pick<TaskTruth, "taskId" | "played">;
  callbacks: readonly CallbackRecord[];
  /** The name of each StreamUrl. */
  names: ReadonlyMap<string, string>;
  /** When each item was due by the clock of the list, by its name. */
  dueAt: ReadonlyMap<string, Date>;
  /** When the source that had failed should be on air again. */
  backAt: Date | undefined;
}

export interface Switch {
  what: string;
  due: string;
  /** Undefined: it never came, or nothing says when it was due. */
  lateMs: number | undefined;
}

/** What should be on air, in this order. The talk is not, while its source is away. */
const ON_AIR = ["Opening", "filler", "Talk", "Panel"] as const;

export function switchesOf({ task, callbacks, names, dueAt, backAt }: Observed): Switch[] {
  const cameAt = (name: string) => {
    const played = task.played.find(({ streamUrl }) => names.get(streamUrl) === name);
    return played && new Date(played.from);
  };
  const failedAt = failuresOf(task.taskId, callbacks);
  const talkAt = dueAt.get("Talk");
  const panelAt = dueAt.get("Panel");
  const thirdAt = failedAt[FAILED_FOR_GOOD - 1];
  return [
    { what: "to Talk", due: clockText(talkAt), lateMs: between(talkAt, failedAt[0]) },
    {
      what: "to the filler",
      due: "at the third failure",
      lateMs: between(thirdAt, cameAt("filler")),
    },
    { what: "back to Talk", due: "once it is healthy", lateMs: between(backAt, cameAt("Talk")) },
    { what: "to Panel", due: clockText(panelAt), lateMs: between(panelAt, cameAt("Panel")) },
  ];
}

/** What is not as promised, as sentences. */
export function surprisesOf(observed: Observed): string[] {
  const { task, names } = observed;
  const onAir = task.played.map(({ streamUrl }) => names.get(streamUrl) ?? streamUrl);
  const isInOrder = onAir.join() === ON_AIR.join();
  return [
    ...(isInOrder ? [] : [`on air were ${onAir.join(", ")}, not ${ON_AIR.join(", ")}`]),
    ...switchesOf(observed).flatMap(({ what, lateMs }) => {
      if (lateMs === undefined) return [`the switch ${what} did not come`];
      if (lateMs < 0) return [`the switch ${what} came ${-lateMs} ms early`];
      return lateMs > LATENESS_MAX_MS ? [`the switch ${what} was ${lateMs} ms late`] : [];
    }),
  ];
}

export const switchText = ({ what, due, lateMs }: Switch): string =>
  `  ${what.padEnd(16)} ${due.padEnd(26)} ${lateMs === undefined ? "missing" : `${lateMs} ms late`}`;

const failuresOf = (taskId: string, callbacks: readonly CallbackRecord[]): Date[] =>
  callbacks
    .filter(({ body: { EventType, EventInfo } }) => {
      const { TaskId, Status } = EventInfo;
      return EventType === INGEST_STARTED && TaskId === taskId && Status === COULD_NOT_BE_OPENED;
    })
    .map(({ body }) => new Date(Number(body.EventInfo["EventMsTs"])));

const between = (due: Date | undefined, came: Date | undefined): number | undefined =>
  due && came && came.getTime() - due.getTime();

const clockText = (at: Date | undefined): string => (at ? `at ${at.toISOString().slice(11)}` : "");
