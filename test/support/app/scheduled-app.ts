/** The project with injected time, for tests of scheduled starts. */
import { expect } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import type { expireIngests } from "../../../shared/ingest/stop/expire.js";
import type { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { type Answer, CN_APP, KEY, SECRET_ID } from "./test-app.js";
import { openTestPostgres } from "../database/databases.js";
import { startTimedApp } from "./timed-app.js";

const BOUND_KEY = "key-of-the-bound-caller";

const CALLERS = [
  {
    Id: SECRET_ID,
    SecretKeys: [KEY],
    SdkAppIds: [CN_APP],
    UserPattern: "[A-Za-z0-9_-]+",
    MaxDuration: 527_040,
    NotifyUrl: "https://receiver.example/",
    NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
  },
  { Id: "bound", SecretKeys: [BOUND_KEY], SdkAppIds: [CN_APP], MaxIngests: 1, StartsPerMinute: 3 },
  {
    Id: "saving",
    SecretKeys: ["key-of-the-saving-caller"],
    SdkAppIds: [CN_APP],
    Budgets: { DailyMinutes: 21 },
  },
];

/** A caller with a budget of 21 minutes a day. */
export const SAVING = "saving";

/** The headers of a caller with `MaxIngests` 1 and `StartsPerMinute` 3. */
export const BOUND = { authorization: `Bearer ${BOUND_KEY}` };

type UseCase = typeof advanceIngests | typeof expireIngests | typeof reconcileIngests;

/** As in serverless.yml. */
const INTERVAL_SECONDS = 10;

export async function openScheduledApp() {
  const timed = await startTimedApp({
    database: await openTestPostgres(),
    env: { CALLERS: JSON.stringify(CALLERS) },
  });
  const { app, clock, services, trtc } = timed;
  let rooms = 0;

  const post = (name: string, body: object, headers?: Record<string, string>): Promise<Answer> =>
    clock.advanceUntilDone(app.post(name, body, headers));

  const request = (fields: object = {}) => {
    rooms += 1;
    const room = { SdkAppId: CN_APP, RoomId: `scheduled-${rooms}`, RoomIdType: 0 as const };
    return { ...room, StreamUrl: app.clip, RepeatNum: -1, ...fields };
  };

  const startRun = (useCase: UseCase, limitSeconds = 60): Promise<Record<string, number>> => {
    const endsMs = clock.elapsedMs() + limitSeconds * SECOND_MS;
    return useCase(services, { timeLeftMs: () => endsMs - clock.elapsedMs() });
  };

  return {
    ...timed,
    post,
    request,
    startRun,
    inSeconds: (seconds: number): string => addMs(clock.now(), seconds * SECOND_MS).toISOString(),

    async clear(): Promise<void> {
      trtc.turn({});
      app.emulator.faults.clear();
      for (const table of ["ingest", "call_slot", "caller_place", "caller_lane", "outbox"]) {
        await app.database.query(`delete from ${table}`);
      }
    },

    /** Schedules an ingest, and reads what became of it. */
    async scheduled(fields: object, headers?: Record<string, string>) {
      const body = request(fields);
      const { response } = await post("start-ingest", body, headers);
      expect(response.Error).toBeUndefined();
      const taskId = String(response["TaskId"]);
      const named = { SdkAppId: CN_APP, TaskId: taskId };
      return {
        taskId,
        body,
        response,
        describeIngest: async () => (await post("describe-ingest", named, headers)).response,
        tasks: async () => (await app.truth.tasks()).filter(({ roomId }) => roomId === body.RoomId),
      };
    },

    ran: (useCase: UseCase = advanceIngests) => clock.advanceUntilDone(startRun(useCase)),

    /** Runs advance-ingests as its timer does. */
    async pass(seconds: number): Promise<void> {
      const runs: Promise<unknown>[] = [];
      for (let passed = 0; passed < seconds; passed += INTERVAL_SECONDS) {
        runs.push(startRun(advanceIngests));
        await clock.advance(INTERVAL_SECONDS * SECOND_MS);
      }
      await clock.advanceUntilDone(Promise.all(runs));
    },
  };
}

export type ScheduledApp = Awaited<ReturnType<typeof openScheduledApp>>;
