/** How late the occurrences of schedules start, by two processes and one PostgreSQL. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { readTruth, type TaskTruth } from "../../local/emulator-truth.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { CN_APP, post } from "../support/app/test-app.js";

const SCHEDULES = 200;
/** TRTC takes 20 starts a second. */
const STARTS_PER_SECOND = 5;
/** All schedules are written by then. */
const AHEAD_MS = 45 * SECOND_MS;

let emulator: RunningProcess;
let instances: RunningProcess[];
let firstAt: Date;
let tasks: TaskTruth[];

const startOf = (place: number): Date =>
  addMs(firstAt, Math.floor(place / STARTS_PER_SECOND) * SECOND_MS);

beforeAll(async () => {
  emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
  const env = { DATABASE_URL: await newPostgresUrl(), TRTC_ENDPOINT: emulator.url, PORT: "0" };
  instances = await Promise.all([0, 1].map(() => startProcess("local/start.ts", env)));
  const secondMs = Math.ceil(clock.now().getTime() / SECOND_MS) * SECOND_MS;
  firstAt = addMs(new Date(secondMs), AHEAD_MS);
  for (let place = 0; place < SCHEDULES; place += 1) await create(place);
  const lastAt = addMs(startOf(SCHEDULES), 5 * SECOND_MS);
  await clock.sleep(lastAt.getTime() - clock.now().getTime());
  tasks = await readTruth(emulator.url).tasks();
}, 300_000);
afterAll(async () => {
  await Promise.all(instances.map(({ end }) => end("SIGTERM")));
  await emulator.end("SIGTERM");
});

async function create(place: number): Promise<void> {
  const { url = "" } = instances[place % instances.length] ?? {};
  const body = {
    Name: `schedule-${place}`,
    TimeZone: "UTC",
    Windows: [{ StartAt: startOf(place).toISOString().slice(0, 19), DurationSeconds: 3600 }],
    Ingest: {
      SdkAppId: CN_APP,
      RoomId: `room-${place}`,
      RoomIdType: 0,
      StreamUrl: `${emulator.url}/media/clip.mp4`,
      RepeatNum: -1,
    },
  };
  const { response } = await post(`${url}/schedules`, body, {
    "x-tc-action": "CreateIngestSchedule",
  });
  expect(response.Error).toBeUndefined();
}

test("each occurrence starts once, and none before its time", () => {
  const rooms = tasks.map(({ roomId }) => roomId);
  expect(new Set(rooms).size).toBe(SCHEDULES);
  expect(rooms).toHaveLength(SCHEDULES);
  const latenessMs = tasks
    .map(({ roomId, startedAt }) => {
      const place = Number(roomId.slice("room-".length));
      return Date.parse(startedAt) - startOf(place).getTime();
    })
    .sort((a, b) => a - b);
  expect(latenessMs[0]).toBeGreaterThanOrEqual(0);
  const at = (share: number) => latenessMs[Math.ceil(SCHEDULES * share) - 1] ?? NaN;
  process.stdout.write(
    `${SCHEDULES} occurrences start late by ${at(0.5)} ms (p50), ${at(0.99)} ms (p99), ${at(1)} ms (max)\n`,
  );
});
