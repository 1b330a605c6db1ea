/** What was asked of each schedule, and when, by the wall clock. */
import { nextWindows, windowsBetween } from "../../../shared/calendar/planned-windows.js";
import type { PlannedWindow } from "../../../shared/calendar/windows.js";
import type { Database } from "../../../shared/store/engine/database.js";
import type { Definition, ScheduleState } from "../../../shared/store/schedules/schedule-row.js";
import type { ManualClock } from "../../support/app/manual-clock.js";
import type { Request } from "./draw.js";

/** The rules of a schedule from one edit to the next. */
export interface Period {
  fromMs: number;
  /** The latest instant that the wall clock showed meanwhile. It may be set back. */
  latestMs: number;
  state: ScheduleState;
  definition: Definition;
  /** The starts that had begun, or were over, when it began. */
  begun: ReadonlySet<number>;
  /** Another edit of the same instant came just before it. */
  isSecond: boolean;
}

/** The starts of each schedule that no edit can take back any more. */
type Begun = ReadonlyMap<string, ReadonlySet<number>>;

const BEGUN = `select occurrence.schedule_id, occurrence.nominal_at from occurrence
  left join ingest on ingest.task_id = occurrence.task_id
  where occurrence.settled_at is not null or occurrence.state <> 'Planned'
     or ingest.started_at is not null or ingest.state <> 'starting' or ingest.advance_at is null
        and ingest.task_id is not null`;

export class Life {
  readonly periods: Period[] = [];
  /** By their start. `maybe`: the answer of the skip was lost. */
  readonly skips = new Map<number, "sure" | "maybe">();
  /** The TaskIds that runs by hand answered. */
  readonly runs: string[] = [];

  constructor(
    readonly scheduleId: string,
    readonly room: string,
  ) {}

  get last(): Period {
    const last = this.periods.at(-1);
    if (!last) throw new Error("a schedule without rules");
    return last;
  }

  windowsAhead(at: Date, count: number): PlannedWindow[] {
    const { definition, state } = this.last;
    if (state === "Deleted") return [];
    return nextWindows(definition, { from: at, count });
  }
}

/** By their start. */
export function windowsOf({ definition }: Period, from: number, to: number) {
  if (from >= to) return new Map<number, PlannedWindow>();
  const windows = windowsBetween(definition, { from: new Date(from), to: new Date(to) });
  return new Map(windows.map((window) => [window.nominalAt.getTime(), window]));
}

export class History {
  readonly lives: Life[] = [];
  /** Times in which all timers ran. */
  readonly calm: { fromMs: number; toMs: number }[] = [];
  hasDeaths = false;

  constructor(
    private readonly database: Database,
    private readonly clock: ManualClock,
  ) {}

  async begin(scheduleId: string, room: string): Promise<void> {
    this.lives.push(new Life(scheduleId, room));
    await this.afterWork(new Map(), "one");
  }

  /** Read before each work that may edit. */
  async beforeWork(): Promise<Begun> {
    const begun = new Map<string, Set<number>>();
    for (const row of await this.database.query(BEGUN)) {
      const id = String(row["schedule_id"]);
      const starts = begun.get(id) ?? new Set();
      begun.set(id, starts.add((row["nominal_at"] as Date).getTime()));
    }
    return begun;
  }

  /** An edit that took effect begins a new period, also where its answer was lost. */
  async afterWork(begun: Begun, edits: "one" | "two"): Promise<void> {
    const rows = await this.database.query("select * from schedule");
    for (const life of this.lives) {
      const row = rows.find((one) => one["schedule_id"] === life.scheduleId);
      if (!row) throw new Error(`${life.scheduleId} is gone`);
      const state = row["state"] as ScheduleState;
      const definition = row["definition"] as Definition;
      const before = life.periods.at(-1);
      const rules = JSON.stringify([state, definition]);
      if (before && rules === JSON.stringify([before.state, before.definition])) continue;
      const fromMs = (row["updated_at"] as Date).getTime();
      life.periods.push({
        fromMs,
        latestMs: fromMs,
        state,
        definition,
        begun: begun.get(life.scheduleId) ?? new Set(),
        isSecond: edits === "two",
      });
    }
    this.moved();
  }

  moved(): void {
    const now = this.clock.now().getTime();
    for (const { last } of this.lives) last.latestMs = Math.max(last.latestMs, now);
  }

  passed(from: Date, to: Date): void {
    this.calm.push({ fromMs: from.getTime(), toMs: to.getTime() });
  }

  died(): void {
    this.hasDeaths = true;
  }

  answered(life: Life | undefined, request: Request, answer: unknown): void {
    if (!life || answer === undefined) return;
    const { StartTime, TaskId } = answer as { StartTime?: string; TaskId?: string };
    if (request.do === "skip" && StartTime !== undefined) {
      life.skips.set(Date.parse(StartTime), "sure");
    }
    if (request.do === "run" && TaskId !== undefined) life.runs.push(TaskId);
  }

  /** A skip may have taken effect. */
  unanswered(life: Life | undefined, request: Request): void {
    if (!life || request.do !== "skip") return;
    const [window] = life.windowsAhead(this.clock.now(), request.ahead + 1).slice(-1);
    const ms = window?.nominalAt.getTime();
    if (ms !== undefined && !life.skips.has(ms)) life.skips.set(ms, "maybe");
  }
}
