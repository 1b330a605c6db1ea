/** Calls of updateIngest with injected time, for tests of updates that are under way at once. */
import { SECOND_MS } from "../../../shared/clock.js";
import type { Requests } from "../../../shared/contract/schemas.js";
import type { Call, Services } from "../../../shared/ingest/services.js";
import { startIngest } from "../../../shared/ingest/start/start.js";
import { updateIngest } from "../../../shared/ingest/update/update.js";
import { openTestPostgres } from "../database/databases.js";
import { nextRoom } from "./rooms.js";
import { CN_APP, SECRET_ID } from "./test-app.js";
import { startTimedApp, timeLeft } from "./timed-app.js";

type UpdateFields = Omit<Requests["UpdateStreamIngest"], "TaskId">;

interface Sent extends Partial<Pick<Call<"UpdateStreamIngest">, "signature" | "signing">> {
  by?: Services;
  /** The time of its function. */
  seconds?: number;
}

export async function openUpdateCalls() {
  const timed = await startTimedApp({ database: await openTestPostgres() });
  const { app, clock, services } = timed;

  function call<R extends object>(request: R, seconds = 30) {
    const caller = services.config.callers.get(SECRET_ID);
    const application = services.config.applications.get(CN_APP);
    if (!caller || !application) throw new Error("there is no caller");
    return { caller, request, application, timeLeftMs: timeLeft(clock, seconds * SECOND_MS) };
  }

  async function rowOf(taskId: string) {
    const row = await services.store.ingests.read(taskId);
    if (!row) throw new Error("there is no row");
    return row;
  }

  return {
    ...timed,
    call,
    calls: () => app.trtc.calls("UpdateStreamIngest"),

    async clear(): Promise<void> {
      app.emulator.faults.clear();
      await app.database.query("delete from ingest");
    },

    async started(fields: object = {}) {
      const RoomId = nextRoom();
      const request = { SdkAppId: CN_APP, RoomId, RoomIdType: 0 as const, StreamUrl: app.clip };
      const starting = startIngest(services, call({ ...request, RepeatNum: -1, ...fields }));
      const { TaskId } = await clock.advanceUntilDone(starting);
      /** Does not move time, so that several can be under way. */
      const begin = (update: UpdateFields, { by = services, seconds, ...more }: Sent = {}) =>
        updateIngest(by, { ...call({ TaskId, ...update }, seconds), ...more });
      return {
        TaskId,
        begin,
        update: (update: UpdateFields, sent?: Sent) => clock.advanceUntilDone(begin(update, sent)),
        row: () => rowOf(TaskId),
        task: async () => (await app.truth.tasks()).find(({ roomId }) => roomId === RoomId),
      };
    },

    /** The same services, with a hook just before or after their first call to TRTC. */
    around({ before, after }: Partial<Record<"before" | "after", () => unknown>>): Services {
      let made = 0;
      return {
        ...services,
        trtc: {
          ...services.trtc,
          async call(action, options) {
            made += 1;
            const isFirst = made === 1;
            if (isFirst) await before?.();
            const answer = await services.trtc.call(action, options);
            if (isFirst) await after?.();
            return answer;
          },
        },
      };
    },

    /** The same services, with a hook before one operation of the store. */
    beforeStore<G extends "ingests" | "scheduled">(
      group: G,
      operation: keyof Services["store"][G],
      hook: () => Promise<unknown>,
    ): Services {
      const { store } = services;
      const run = store[group][operation] as (...parameters: unknown[]) => Promise<unknown>;
      const hooked = async (...parameters: unknown[]) => {
        await hook();
        return run(...parameters);
      };
      const changed = { ...store[group], [operation]: hooked };
      return { ...services, store: { ...store, [group]: changed } };
    },
  };
}

export type UpdateCalls = Awaited<ReturnType<typeof openUpdateCalls>>;

/** The refusal of an update with an older Sequence. */
export const outdatedBy = (known: number, sent: number) => ({
  code: "FailedOperation",
  message: `An update with Sequence ${known} took effect, so this one with ${sent} changed nothing: send a greater number.`,
});
