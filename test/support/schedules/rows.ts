/** Rows of schedules for tests. */
import { randomBytes } from "node:crypto";
import { newScheduleId } from "../../../shared/ingest/ids.js";
import type { Definition } from "../../../shared/store/schedules/schedule-row.js";
import type { NewSchedule } from "../../../shared/store/schedules/writes.js";
import { T0 } from "../app/ingests.js";

/** Each day at nine in Berlin, for an hour. */
const newDefinition = (fields: Partial<Definition> = {}): Definition => ({
  timeZone: "Europe/Berlin",
  windows: [{ recurrence: "0 9 * * *", durationSeconds: 3600 }],
  startTime: null,
  endTime: null,
  excludeDates: [],
  jitterSeconds: 0,
  ingest: {
    SdkAppId: 1600000000,
    RoomId: "room",
    RoomIdType: 0,
    StreamUrl: "https://media.example/clip.mp4",
  },
  overlapPolicy: "Skip",
  priority: 0,
  catchupSeconds: null,
  lateStart: "FromBeginning",
  pauseAfterFailures: 0,
  ...fields,
});

export type ScheduleFields = Partial<Omit<NewSchedule, "definition">> & {
  definition?: Partial<Definition>;
};

export function newSchedule({ definition, ...fields }: ScheduleFields = {}): NewSchedule {
  const createdAt = fields.createdAt ?? T0;
  const scheduleId = newScheduleId(createdAt, randomBytes);
  return {
    scheduleId,
    callerId: "caller",
    sdkAppId: 1600000000,
    roomId: "room",
    roomIdType: 0,
    name: `name of ${scheduleId}`,
    comment: "",
    state: "Enabled",
    pausedBecause: null,
    definition: newDefinition(definition),
    clientToken: null,
    requestHash: "hash",
    tzdata: "2025b",
    plannedUntil: createdAt,
    notified: null,
    createdAt,
    updatedAt: createdAt,
    ...fields,
  };
}
