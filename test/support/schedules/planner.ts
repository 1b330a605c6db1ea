/** Planning with injected time over a real database, without TRTC. */
import { randomBytes } from "node:crypto";
import { localEnvironment } from "../../../local/environment/local-environment.js";
import { tzVersion } from "../../../shared/calendar/tz-version.js";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import { type Config, readConfig } from "../../../shared/config/configuration.js";
import type { Services } from "../../../shared/ingest/services.js";
import {
  createAndPlan,
  editAndPlan,
  skipOccurrence,
} from "../../../shared/schedules/planning/edit.js";
import { planSchedules } from "../../../shared/schedules/planning/plan-schedules.js";
import type { Database } from "../../../shared/store/engine/database.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { ShownOccurrence } from "../../../shared/store/schedules/occurrences.js";
import type { Definition, Schedule } from "../../../shared/store/schedules/schedule-row.js";
import type { NewSchedule } from "../../../shared/store/schedules/writes.js";
import { createStore } from "../../../shared/store/store.js";
import { manualClock } from "../app/manual-clock.js";
import { newSchedule, type ScheduleFields } from "./rows.js";

const CALLER = "planner";
const APP = 1400000000;
const TZDATA = tzVersion();

const GRANTS = {
  Id: CALLER,
  SecretKeys: ["key-of-the-planner"],
  SdkAppIds: [APP],
  UserPattern: "host-.*",
  NotifyUrl: "https://receiver.example/",
  NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
};

const configWith = (callers: readonly object[]): Config =>
  readConfig(localEnvironment({ CALLERS: JSON.stringify(callers) }, "http://trtc.example"));

export type Planner = Awaited<ReturnType<typeof openPlanner>>;

/** Several planners may share one database. */
export async function openPlanner(
  open: () => Promise<Database>,
  { startsAt = new Date("2026-03-10T12:00:00Z") }: { startsAt?: Date } = {},
) {
  const database = await open();
  const clock = manualClock(startsAt);
  const store = createStore(database, { clock, isDatabaseOnClock: true });
  const services = {
    config: configWith([GRANTS]),
    store,
    clock,
    randomBytes,
  } as unknown as Services;
  const keysOf = ({ callerId, scheduleId }: Pick<Schedule, "callerId" | "scheduleId">) => ({
    callerId,
    scheduleId,
  });

  return {
    database,
    clock,
    store,
    services,

    /** Changes the grants of the caller; `undefined` removes it. */
    grant(fields: object | undefined): void {
      const other = { Id: "other", SecretKeys: ["another-key"], SdkAppIds: [APP] };
      services.config = configWith(fields === undefined ? [other] : [{ ...GRANTS, ...fields }]);
    },

    async create({ definition, ...fields }: ScheduleFields = {}): Promise<Schedule> {
      const ingest = {
        SdkAppId: APP,
        RoomId: "room",
        RoomIdType: 0,
        StreamUrl: "https://media.example/clip.mp4",
        ...definition?.ingest,
      };
      const schedule: NewSchedule = newSchedule({
        callerId: CALLER,
        sdkAppId: APP,
        createdAt: clock.now(),
        tzdata: TZDATA,
        ...fields,
        definition: { ...definition, ingest },
      });
      const inserted = await createAndPlan(services, schedule);
      if (inserted.outcome !== "created") throw new Error(inserted.outcome);
      return inserted.schedule;
    },

    edit: (schedule: Schedule, change: (schedule: Schedule) => Schedule) =>
      editAndPlan(services, keysOf(schedule), change),

    redefine: (schedule: Schedule, fields: Partial<Definition>) =>
      editAndPlan(services, keysOf(schedule), (before) => ({
        ...before,
        definition: { ...before.definition, ...fields },
      })),

    skip: (schedule: Schedule, { nominalAt, startsAt: at, endsAt, localStart }: ShownOccurrence) =>
      skipOccurrence(services, {
        ...keysOf(schedule),
        due: { nominalAt, startsAt: at, endsAt, localStart: localStart ?? "" },
      }),

    plan: (tzdata = TZDATA) => planSchedules(services, { timeLeftMs: () => 60_000, tzdata }),

    read: async (schedule: Schedule): Promise<Schedule> => {
      const row = await store.schedules.read(keysOf(schedule));
      if (!row) throw new Error("the schedule is gone");
      return row;
    },

    /** In the order of their starts. */
    occurrences: async (schedule: Schedule): Promise<ShownOccurrence[]> => {
      const shown = await store.schedules.listOccurrences({ ...keysOf(schedule), limit: 1000 });
      return shown.reverse();
    },

    ingests: async (): Promise<Ingest[]> =>
      (await store.ingests.list({ callerId: CALLER, limit: 1000 })).reverse(),

    /** Starts the ingest as advance-ingests does. */
    async begin(taskId: string | null): Promise<void> {
      const at = clock.now();
      const started = await database.query(
        `update ingest set state = 'running', advance_at = null, started_at = $2, trtc_task_id = $1
         where task_id = $1 and state = 'starting' returning task_id`,
        [taskId, at],
      );
      if (started.length !== 1) throw new Error(`${String(taskId)} was not waiting`);
    },

    async end(taskId: string | null, fields: Record<string, unknown> = {}): Promise<void> {
      const set = { state: "ended", end_reason: "expired", ended_at: clock.now(), ...fields };
      const columns = Object.keys(set).map((column, n) => `${column} = $${n + 2}`);
      await database.query(
        `update ingest set ${columns.join(", ")}, advance_at = null where task_id = $1`,
        [taskId, ...Object.values(set)],
      );
    },

    outbox: () =>
      database.query("select type, position, facts from outbox order by task_id, position"),

    async clear(): Promise<void> {
      await database.query("truncate ingest, outbox, occurrence, schedule");
      services.config = configWith([GRANTS]);
    },

    /** Moves to an instant, without any sleeper. */
    goTo(at: Date): void {
      clock.jump(at.getTime() - clock.now().getTime());
    },
  };
}

export const hoursAfter = (at: Date, hours: number): Date => addMs(at, hours * 60 * MINUTE_MS);
