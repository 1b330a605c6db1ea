/** Occurrences of schedules in one room, as planning writes them, for tests of how they meet. */
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { planStart } from "../../../shared/ingest/start/plan-start.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { OccurrenceOf } from "../../../shared/store/schedules/schedule-row.js";
import type { ScheduledApp } from "../../support/app/scheduled-app.js";
import { CN_APP, SECRET_ID } from "../../support/app/test-app.js";

export interface Planned extends Partial<
  Pick<OccurrenceOf, "priority" | "overlapPolicy" | "scheduleId">
> {
  /** Seconds from now. */
  startsIn: number;
  lastsFor: number;
  callerId?: string;
  /** A late start begins where the clock is. */
  isAtPosition?: boolean;
  /** Fields of StartStreamIngest. */
  ingest?: object;
}

let rooms = 0;

/** A room of its own, and what plays in it. */
export function openRoom(ours: ScheduledApp) {
  rooms += 1;
  const roomId = `occurrences-${rooms}`;
  const { app, clock, services } = ours;

  /** The name of the occurrence names its source too. */
  async function plan(name: string, planned: Planned) {
    const { startsIn, lastsFor, priority = 0, overlapPolicy = "Skip", scheduleId = name } = planned;
    const caller = services.config.callers.get(planned.callerId ?? SECRET_ID);
    const application = services.config.applications.get(CN_APP);
    if (!caller || !application) throw new Error("there is no caller");
    const startsAt = addMs(clock.now(), startsIn * SECOND_MS);
    const { row } = planStart(services, {
      caller,
      application,
      request: {
        SdkAppId: CN_APP,
        RoomId: roomId,
        RoomIdType: 0,
        StreamUrl: `${app.clip}?${name}`,
        KeepAlive: true,
        StartTime: startsAt.toISOString(),
        StopTime: addMs(startsAt, lastsFor * SECOND_MS).toISOString(),
        StartWindowSeconds: lastsFor,
        ...planned.ingest,
      },
      timeLeftMs: () => 0,
    });
    const nominalAt = startsAt.toISOString();
    const { programme = null } = row;
    const begun = await services.store.ingests.beginStart({
      ...row,
      programme:
        programme && planned.isAtPosition === true
          ? { ...programme, anchor: { ...programme.anchor, at: nominalAt } }
          : programme,
      clientToken: `occurrence ${scheduleId} ${nominalAt} 1`,
      occurrence: { scheduleId, nominalAt, priority, overlapPolicy },
      leaseMs: 0,
      waitMaxMs: 0,
    });
    if (begun.outcome !== "scheduled") throw new Error(`it was not scheduled: ${begun.outcome}`);
    const { taskId } = begun.ingest;
    const named = { SdkAppId: CN_APP, TaskId: taskId };
    return {
      taskId,
      named,
      row: async (): Promise<Ingest> => {
        const now = await services.store.ingests.read(taskId);
        if (!now) throw new Error("the row is gone");
        return now;
      },
      describeIngest: async () => (await ours.post("describe-ingest", named)).response,
    };
  }

  const tasks = async () =>
    (await app.truth.tasks())
      .filter((task) => task.roomId === roomId)
      .sort((one, other) => (one.startedAt < other.startedAt ? -1 : 1));

  return {
    roomId,
    plan,
    tasks,
    /** What was on air in each task, in order. */
    played: async () =>
      (await tasks()).map(({ played }) => played.map(({ streamUrl }) => streamUrl.split("?")[1])),
    /** The most robots that were in the room at once. */
    async robotsAtOnce(): Promise<number> {
      const all = await tasks();
      const inRoom = all.map(
        ({ startedAt }) =>
          all.filter(
            (task) =>
              task.startedAt <= startedAt && (task.endedAt === null || task.endedAt > startedAt),
          ).length,
      );
      return Math.max(0, ...inRoom);
    },
  };
}

export type Room = ReturnType<typeof openRoom>;
