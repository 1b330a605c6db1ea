/** Records the facts of a run and passes each to every check. The first objection ends the run. */
import { ApiError } from "../../../shared/contract/errors.js";
import type { Trtc } from "../../../shared/trtc/client.js";
import type { Action } from "../../../shared/contract/schemas.js";
import type { Event } from "../../../emulator/callbacks/bodies.js";
import type { Task } from "../../../emulator/tasks/task.js";
import type { History } from "../history.js";
import type { Message } from "../messages/message.js";
import type { StoredIngest } from "../model/tables.js";
import type { TrtcSide } from "../platform/trtc-side.js";
import type { Heard } from "./source-log.js";

export type TrtcAction = Parameters<Trtc["call"]>[0];

/** A caller's request to a function. */
export interface Asked {
  verb: Action;
  callerId: string;
  /** The workload's ingest for this request. */
  intent: string;
  clientToken: string | undefined;
  taskId: string | undefined;
}

export interface LeftCall {
  action: TrtcAction;
  by: string;
  signedMs: number;
  leavesMs: number;
  /** For a start: the row that caused the call. */
  row: StoredIngest | undefined;
  /** The source that the call brings on air. */
  streamUrl: string | undefined;
  /** TRTC's TaskId in the request. */
  trtcTaskId: string | undefined;
}

export type Fact =
  | { kind: "row"; before: StoredIngest | undefined; row: StoredIngest }
  | ({ kind: "call-left" } & LeftCall)
  /** TRTC accepted a start. `row` is the row that caused the call, in its present state. */
  | { kind: "task-began"; task: Task; row: StoredIngest }
  /** One of our calls ended a task that was playing. */
  | { kind: "task-ended"; task: Task; call: LeftCall; row: StoredIngest | undefined }
  /** TRTC accepted another source for a task. */
  | { kind: "source-changed"; task: Task; call: LeftCall }
  | { kind: "answered"; asked: Asked; answer: Readonly<Record<string, unknown>> }
  | { kind: "refused"; asked: Asked; error: ApiError }
  /** The provider considers a message done, and no longer keeps it. */
  | { kind: "message-done"; message: Message; deadLetterId: string }
  /** Time has passed. */
  | { kind: "moment" }
  /** Every ingest and message should be over. */
  | { kind: "end" };

export interface Known {
  nowMs: () => number;
  /** When the run began. The outages of sources count from then on. */
  startMs: number;
  trtc: TrtcSide;
  /** No clock differs more from the true time. */
  skewMaxMs: number;
  /** Nothing has failed so far; in a year, for some time. */
  isCalm: () => boolean;
  /** No fault happens after this time; in a year, none since then. */
  faultsEndMs: () => number;
  /** The longest time that an ingest may have. */
  longestMs: number;
  rows: Map<string, StoredIngest>;
  /** Maps TRTC's TaskId to the row whose start created the task. */
  rowIdOf: Map<string, string>;
  /** TRTC's TaskIds that ever stood in a row. We never received the others. */
  heard: Set<string>;
  /** Our TaskIds of rows that a caller asked to end. */
  stopAsked: Set<string>;
  /** The events that TRTC reported to us, each once. */
  roomEvents: Set<Event>;
  /** Maps TRTC's TaskId to the events about its source. */
  sources: Map<string, Heard[]>;
  /** Maps TRTC's TaskId to the time when we first recorded the task. */
  takenMs: Map<string, number>;
  /** TRTC's TaskIds of another program's tasks. */
  strangers: Set<string>;
  /** True when we stop tasks that no row has. */
  stopsUnclaimed: boolean;
  /** Callers have MaxIngests and StartsPerMinute. */
  hasQuotas: boolean;
  /** Callers have budgets. */
  hasBudgets: boolean;
  /** One caller has a crowd of ingests, and nothing fails. */
  hasCrowd: boolean;
  /** Ids of the dead letters of failed messages. */
  deadLetters: Set<string>;
  /** When each row entered its present state. */
  stateSinceMs: Map<string, number>;
  /** When each row got its present due time. */
  dueSinceMs: Map<string, number>;
  /** When each row got its present time of the next attempt, or an attempt took it away. */
  advanceSinceMs: Map<string, number>;
  /** When each row got its present StartTime. */
  startsSinceMs: Map<string, number>;
  /** Rows of one intent. */
  rowsOfIntent: (intent: string) => StoredIngest[];
}

export interface Check {
  /** The promise under test. */
  name: string;
  /** Returns a description of the violation, or `undefined` when all is well. */
  objection: (fact: Fact, known: Known) => string | undefined;
}

export interface Violation {
  check: string;
  seen: string;
  /** Our TaskIds, TRTC's TaskIds and robots. The report searches the history for them. */
  about: string[];
}

export interface Facts {
  known: Known;
  /** Rows that one statement has changed. A takeover changes two at once. */
  rowsSeen: (rows: readonly StoredIngest[]) => void;
  callLeft: (
    call: Omit<LeftCall, "row" | "streamUrl" | "trtcTaskId"> & { request: object },
  ) => LeftCall;
  /** Runs TRTC's side of a call, and records the tasks that it changed. */
  during: (call: LeftCall, act: () => object) => object;
  tell: (fact: Fact) => void;
  violation: () => Violation | undefined;
}

interface Needs {
  known: Omit<Known, "rowsOfIntent">;
  checks: readonly Check[];
  intentOf: (row: StoredIngest) => string;
  history: Pick<History, "note" | "name">;
}

export function makeFacts({ known: given, checks, intentOf, history }: Needs): Facts {
  const { note } = history;
  const idsOfIntent = new Map<string, string[]>();
  const rowsOf = (ids: readonly string[]) => ids.flatMap((id) => given.rows.get(id) ?? []);
  const rowsOfIntent = (intent: string) => rowsOf(idsOfIntent.get(intent) ?? []);
  const known: Known = { ...given, rowsOfIntent };
  /** An update before the start may have changed the source, and a programme has several. */
  const rowsPlaying = (url: string) => [
    ...new Set([
      ...rowsOfIntent(url),
      ...[...given.rows.values()].filter(
        (row) => (row.startsAt && row.play.StreamUrl === url) || isOfProgramme(row, url),
      ),
    ]),
  ];
  let violation: Violation | undefined;
  let seen = 0;

  function tell(fact: Fact): void {
    for (const { name, objection } of checks) {
      if (violation) return;
      const seen = objection(fact, known);
      if (seen !== undefined) violation = { check: name, seen, about: aboutOf(fact, known, seen) };
    }
  }

  function remember(row: StoredIngest): Extract<Fact, { kind: "row" }> {
    const before = known.rows.get(row.taskId);
    known.rows.set(row.taskId, row);
    if (before?.state !== row.state) known.stateSinceMs.set(row.taskId, known.nowMs());
    if (before?.dueAt.getTime() !== row.dueAt.getTime()) {
      known.dueSinceMs.set(row.taskId, known.nowMs());
    }
    if (!before || before.advanceAt?.getTime() !== row.advanceAt?.getTime()) {
      known.advanceSinceMs.set(row.taskId, known.nowMs());
    }
    if (before?.startsAt?.getTime() !== row.startsAt?.getTime()) {
      known.startsSinceMs.set(row.taskId, known.nowMs());
    }
    if (row.trtcTaskId !== null) known.heard.add(row.trtcTaskId);
    // A roll-over swaps the tasks of two rows, and a takeover hands one over.
    if (row.trtcTaskId !== null && row.programme) {
      known.rowIdOf.set(row.trtcTaskId, row.taskId);
    }
    const intent = intentOf(row);
    if (!before) {
      idsOfIntent.set(intent, [...(idsOfIntent.get(intent) ?? []), row.taskId]);
      // A robot with our name shares these letters.
      history.name(row.taskId.slice("ing-".length), String((seen += 1)));
    }
    note("table", () => rowText(before, row));
    return { kind: "row", before, row };
  }

  /** Where a roll-over has swapped robots since the call left, the row that has its robot now. */
  function rowNow({ taskId, robotUserId }: StoredIngest): StoredIngest | undefined {
    const row = known.rows.get(taskId);
    if (row?.robotUserId === robotUserId) return row;
    return [...known.rows.values()].find((other) => other.robotUserId === robotUserId) ?? row;
  }

  return {
    known,
    tell,
    violation: () => violation,
    rowsSeen(rows) {
      for (const fact of rows.map(remember)) tell(fact);
    },
    callLeft({ action, request, by, ...times }) {
      const { StreamUrl, UserId, TaskId } = request as Record<string, string | undefined>;
      const row =
        action === "StartStreamIngest"
          ? rowsPlaying(StreamUrl ?? "")
              .filter(({ robotUserId }) => robotUserId === UserId)
              .sort(liveLast)
              .at(-1)
          : undefined;
      note(by, () => `${action} leaves ${shown(request)}`);
      const call = { action, by, row, streamUrl: StreamUrl, trtcTaskId: TaskId, ...times };
      tell({ kind: "call-left", ...call });
      return call;
    },
    during(call, act) {
      const before = known.trtc.tasks.live();
      const outcome = act();
      const { TaskId } = outcome as { TaskId?: string };
      const began = TaskId === undefined ? undefined : known.trtc.tasks.find(TaskId);
      if (began) history.name(began.taskId, `task-${known.rowIdOf.size + 1}`);
      note("TRTC", () => `${call.action} from ${call.by}: ${answerText(outcome)}`);
      for (const { taskId } of before) {
        const task = known.trtc.tasks.find(taskId);
        if (!task || known.trtc.tasks.isLive(task)) continue;
        const row = known.rows.get(known.rowIdOf.get(taskId) ?? "");
        note("TRTC", `task ${taskId} of ${task.userId} has ended: ${task.ended?.reason ?? "?"}`);
        tell({ kind: "task-ended", task, call, row });
      }
      const changed = call.action === "UpdateStreamIngest" && call.streamUrl !== undefined;
      const task = changed && known.trtc.tasks.find(call.trtcTaskId ?? "");
      if (task && !(outcome instanceof ApiError)) tell({ kind: "source-changed", task, call });
      const row = call.row && rowNow(call.row);
      if (began && row) {
        known.rowIdOf.set(began.taskId, row.taskId);
        tell({ kind: "task-began", task: began, row });
      }
      return outcome;
    },
  };
}

const isOfProgramme = ({ programme }: StoredIngest, url: string): boolean =>
  programme !== null &&
  [
    programme.backupUrl,
    programme.fillerUrl,
    ...programme.items.map((item) => item.StreamUrl),
  ].includes(url);

const liveLast = (a: StoredIngest, b: StoredIngest): number =>
  Number(a.state !== "ended") - Number(b.state !== "ended") || (a.taskId < b.taskId ? -1 : 1);

function aboutOf(fact: Fact, { rows }: Known, seen: string): string[] {
  const named = seen.match(/\bing-[0-9a-z]{26}/g) ?? [];
  const taskIds = [
    ...("row" in fact && fact.row ? [fact.row.taskId] : []),
    ...("asked" in fact ? [fact.asked.taskId] : []),
    ...named,
  ];
  const ids = taskIds.flatMap((taskId) => {
    const row = rows.get(taskId ?? "");
    return [taskId, row?.robotUserId, row?.trtcTaskId, row?.play.StreamUrl];
  });
  if ("task" in fact) ids.push(fact.task.taskId);
  if ("asked" in fact) ids.push(fact.asked.intent);
  return [...new Set(ids.filter((id) => typeof id === "string"))];
}

const clockText = (at: Date | null) => at?.toISOString().slice(14, 23) ?? "-";

function rowText(before: StoredIngest | undefined, row: StoredIngest): string {
  const { state, endReason, fence, leaseUntil, deadlineAt, lateStartUntil, trtcTaskId } = row;
  const change = before && before.state !== state ? `${before.state} → ${state}` : state;
  const { startsAt, advanceAt, advanceLeaseUntil, advanceFence, failureCode } = row;
  return [
    `${row.taskId} ${change}${endReason ? `(${endReason})` : ""} fence ${fence}`,
    `lease ${clockText(leaseUntil)} deadline ${clockText(deadlineAt)} late start ${clockText(lateStartUntil)}`,
    ...(startsAt
      ? [
          `start ${clockText(startsAt)} next ${clockText(advanceAt)} claim ${clockText(advanceLeaseUntil)} ${advanceFence} ${failureCode ?? ""}`,
        ]
      : []),
    ...programmeText(row),
    `robot ${row.robotUserId}${trtcTaskId === null ? "" : ` task ${trtcTaskId}`}`,
  ].join(", ");
}

function programmeText({
  programme,
  onAir,
  stepAt,
  stepFence,
  mediaState,
}: StoredIngest): string[] {
  if (!programme) return [];
  const { at, index, round } = programme.anchor;
  const playing = onAir && `${onAir.source} ${onAir.index} of round ${onAir.round}`;
  const failures = Object.entries(onAir?.failed ?? {}).map(
    ([source, { at: since, times, nextAt, healthySince }]) =>
      `${source} ${times} times, at ${since}, next ${nextAt ?? "-"}, well ${healthySince ?? "-"}`,
  );
  const failed = failures.length === 0 ? "nothing" : failures.sort().join("; ");
  return [
    `anchor ${index}/${round} at ${at?.slice(14, 23) ?? "-"} on air ${playing ?? "-"} failed ${failed}`,
    `media ${mediaState ?? "-"} step ${clockText(stepAt)} ${stepFence}`,
  ];
}

/** Leaves out signatures: they are long and explain nothing. */
function shown(request: object): string {
  const { UserSig, PrivateMapKey, ...rest } = request as Record<string, unknown>;
  return JSON.stringify(rest, Object.keys(rest).sort());
}

const answerText = (outcome: object): string =>
  outcome instanceof ApiError ? outcome.code : JSON.stringify(outcome);
