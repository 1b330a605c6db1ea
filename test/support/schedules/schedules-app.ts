/** The project with injected time, for tests of schedules over HTTP. */
import { expect } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import type { Environment } from "../../../shared/config/environment.js";
import type { ScheduleAction } from "../../../shared/contract/schedules/schemas.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { planSchedules } from "../../../shared/schedules/planning/plan-schedules.js";
import { type Answer, CN_APP, KEY, SECRET_ID } from "../app/test-app.js";
import { startTimedApp, timeLeft } from "../app/timed-app.js";

const OTHER_KEY = "key-of-the-other-caller";

const CALLERS = [
  {
    Id: SECRET_ID,
    SecretKeys: [KEY],
    SdkAppIds: [CN_APP],
    RoomPattern: "[a-z0-9-]+",
    MaxDuration: 1440,
    NotifyUrl: "https://receiver.example/",
    NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
  },
  { Id: "other", SecretKeys: [OTHER_KEY], SdkAppIds: [CN_APP], MaxIngests: 1 },
];

/** The headers of a caller with `MaxIngests` 1. */
export const OTHER = { authorization: `Bearer ${OTHER_KEY}` };

export type Shown = Record<string, unknown> & {
  ScheduleId: string;
  Occurrences: Record<string, unknown>[];
  Conflicts: Record<string, unknown>[];
};

/** The clock begins at 2026-01-01T00:00Z, a Thursday. */
export async function openSchedulesApp(env: Environment = {}) {
  const timed = await startTimedApp({ env: { CALLERS: JSON.stringify(CALLERS), ...env } });
  const { app, clock, services, trtc } = timed;
  let count = 0;

  const ask = (action: ScheduleAction, body: object, headers?: object): Promise<Answer> =>
    clock.advanceUntilDone(app.post("schedules", body, { "x-tc-action": action, ...headers }));

  const right = async (action: ScheduleAction, body: object, headers?: object): Promise<Shown> => {
    const { response } = await ask(action, body, headers);
    expect(response.Error).toBeUndefined();
    return response as unknown as Shown;
  };

  /** Ten in the morning in Berlin, each day, for an hour. Each has its own name and room. */
  const fields = (more: object = {}) => {
    count += 1;
    return {
      Name: `schedule ${count}`,
      Ingest: ingest(`room-${count}`),
      TimeZone: "Europe/Berlin",
      Windows: [{ Recurrence: "0 10 * * *", DurationSeconds: 3600 }],
      ...more,
    };
  };

  const ingest = (room: string, more: object = {}) => ({
    SdkAppId: CN_APP,
    RoomId: room,
    RoomIdType: 0,
    StreamUrl: app.clip,
    RepeatNum: -1,
    ...more,
  });

  return {
    ...timed,
    ask,
    right,
    fields,
    ingest,
    create: async (more: object = {}, headers?: object) => {
      const body = fields(more);
      const shown = await right("CreateIngestSchedule", body, headers);
      return Object.assign(shown, { body });
    },
    refusal: async (action: ScheduleAction, body: object, headers?: object) => {
      const { response } = await ask(action, body, headers);
      return response.Error;
    },

    /** What an instant some seconds ahead is. */
    inSeconds: (seconds: number): string => addMs(clock.now(), seconds * SECOND_MS).toISOString(),

    /** Without its timers, as time passes when nothing is due. */
    jumpTo(instant: string): void {
      clock.jump(new Date(instant).getTime() - clock.now().getTime());
    },

    /** Each timer runs, as serverless.yml says. */
    async pass(minutes: number): Promise<void> {
      const runs: Promise<unknown>[] = [];
      for (let seconds = 0; seconds < minutes * 60; seconds += 10) {
        const left = { timeLeftMs: timeLeft(clock, 60_000) };
        if (seconds % 60 === 0) {
          runs.push(planSchedules(services, left), expireIngests(services, left));
        }
        runs.push(advanceIngests(services, left));
        await clock.advance(10 * SECOND_MS);
      }
      await clock.advanceUntilDone(Promise.all(runs));
    },

    reconcile: (): Promise<object> =>
      clock.advanceUntilDone(reconcileIngests(services, { timeLeftMs: timeLeft(clock, 60_000) })),

    occurrences: async (filter: object) =>
      (await right("ListIngestOccurrences", filter)).Occurrences,

    tasks: async (room: string) =>
      (await app.truth.tasks()).filter(({ roomId }) => roomId === room),

    async clear(): Promise<void> {
      trtc.turn({});
      app.emulator.faults.clear();
      const tables = ["occurrence", "schedule", "ingest", "call_slot", "outbox", "used_signature"];
      for (const table of tables) await app.database.query(`delete from ${table}`);
    },
  };
}

export type SchedulesApp = Awaited<ReturnType<typeof openSchedulesApp>>;
