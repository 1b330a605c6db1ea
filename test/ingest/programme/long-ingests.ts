/** Ingests that outlive one task of TRTC, on a clock that a test moves. */
import { expect } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import type { Services } from "../../../shared/ingest/services.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import { openScheduledApp } from "../../support/app/scheduled-app.js";

export const DAY_MS = 24 * 60 * MINUTE_MS;

/** TRTC's cap of a task, and the time before it at which a fresh task takes over. */
const CAP_MS = 7 * DAY_MS;
const AHEAD_MS = 30 * MINUTE_MS;

export interface LongFields {
  days?: number;
  /** Instead of one StreamUrl. */
  Playlist?: object[];
  PlaylistRepeatNum?: number;
  StreamUrl?: undefined;
  RepeatNum?: undefined;
  /** Names the robot, so that it cannot be in the room twice. */
  UserId?: string;
}

export async function openLongIngests() {
  const ours = await openScheduledApp();
  const { app, clock, services } = ours;

  const read = async (taskId: string): Promise<Ingest> => {
    const row = await services.store.ingests.read(taskId);
    if (!row) throw new Error("the row is not there");
    return row;
  };

  /** Starts an ingest that plays for days. */
  async function start({ days = 30, ...fields }: LongFields = {}) {
    const StartTime = ours.inSeconds(20);
    const startedAt = new Date(StartTime);
    const deadlineAt = addMs(startedAt, days * DAY_MS);
    const StopTime = deadlineAt.toISOString();
    const scheduled = await ours.scheduled({ StartTime, StopTime, KeepAlive: true, ...fields });
    const { taskId } = scheduled;
    await ours.pass(30);
    expect(await read(taskId)).toMatchObject({ state: "running" });
    return { ...scheduled, startedAt, deadlineAt, row: () => read(taskId) };
  }

  return {
    ...ours,
    start,

    /** Moves time until just before a fresh task is due. */
    async untilRollOver(startedAt: Date): Promise<void> {
      const dueAt = addMs(startedAt, CAP_MS - AHEAD_MS);
      await clock.advance(dueAt.getTime() - clock.now().getTime() - 5 * SECOND_MS);
    },

    /** One run of advance-ingests by an instance whose store and TRTC may be another's. */
    runBy: (instance: Services): Promise<unknown> => {
      const endsMs = clock.elapsedMs() + MINUTE_MS;
      return clock.advanceUntilDone(
        advanceIngests(instance, { timeLeftMs: () => endsMs - clock.elapsedMs() }),
      );
    },

    /** Runs every timer of the project for a while. */
    async passAll(seconds: number): Promise<void> {
      for (let passed = 0; passed < seconds; passed += 10) {
        const runs = [advanceIngests, expireIngests, reconcileIngests].map((useCase) =>
          ours.startRun(useCase),
        );
        await clock.advance(10 * SECOND_MS);
        await clock.advanceUntilDone(Promise.all(runs));
      }
    },

    /** Runs advance-ingests whenever the ingest has a step, until `end`. */
    async playUntil(taskId: string, end: Date): Promise<void> {
      while (clock.now() < end) {
        const { stepAt, state } = await read(taskId);
        if (state !== "running") return;
        const next = stepAt !== null && stepAt < end ? stepAt : end;
        const ms = next.getTime() - clock.now().getTime() - 2 * SECOND_MS;
        await clock.advance(Math.max(0, ms));
        if (next === end) return;
        await ours.pass(10);
      }
    },

    hiddenRows: async (taskId: string): Promise<unknown[]> =>
      app.database.query("select * from ingest where successor_of = $1 and state <> 'ended'", [
        taskId,
      ]),
  };
}

export type LongIngests = Awaited<ReturnType<typeof openLongIngests>>;
