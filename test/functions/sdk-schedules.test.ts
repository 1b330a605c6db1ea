/** Schedules through the unmodified SDKs of both sites and plain HTTP, however they sign and send. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import {
  CN_APP,
  INTL_APP,
  KEY,
  SECRET_ID,
  startTestApp,
  type TestApp,
} from "../support/app/test-app.js";
import { intlSdk, SIGN_METHODS } from "../support/http/intl-sdk.js";
import { nextRoom } from "../support/app/rooms.js";

type Answer = Record<string, unknown> & {
  ScheduleId: string;
  Occurrences: { StartTime: string }[];
};
type Send = (action: string, fields: Record<string, unknown>) => Promise<unknown>;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const METHODS = ["POST", "GET"] as const;

const byCnSdk = (reqMethod: (typeof METHODS)[number]): Send => {
  const client = new Client({
    credential: { secretId: SECRET_ID, secretKey: KEY },
    region: "ap-singapore",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(app.url).host, reqMethod } },
  });
  return (action, fields) => client.request(action, fields);
};

/** As curl sends it, to the function of schedules alone. */
const byHttp: Send = async (action, fields) =>
  (await app.post("schedules", fields, { "x-tc-action": action })).response;

const WAYS: [name: string, sdkAppId: number, sender: () => Send][] = [
  ["plain HTTP", CN_APP, () => byHttp],
  ...METHODS.map((method): (typeof WAYS)[number] => [
    `the Chinese site's SDK, by ${method}`,
    CN_APP,
    () => byCnSdk(method),
  ]),
  ...SIGN_METHODS.flatMap((signMethod) =>
    METHODS.map((reqMethod): (typeof WAYS)[number] => [
      `the international site's SDK, by ${reqMethod}, ${signMethod}`,
      INTL_APP,
      () => intlSdk(app.url, { signMethod, reqMethod }).sendAny,
    ]),
  ),
];

test.each(WAYS)("%s carries out all nine actions", async (name, SdkAppId, sender) => {
  const send = async (action: string, fields: Record<string, unknown>) =>
    (await sender()(action, fields)) as Answer;
  const Ingest = { SdkAppId, RoomId: nextRoom(), RoomIdType: 0, StreamUrl: app.clip };
  const fields = {
    Name: `by ${name} 课程`,
    Ingest: { ...Ingest, RepeatNum: -1 },
    TimeZone: "Asia/Shanghai",
    Windows: [
      { Recurrence: "0 9 * * 1-5", EndAt: "11:30" },
      { Recurrence: "30 14 * * SUN#3", DurationSeconds: 3600 },
    ],
    ExcludeDates: ["2027-10-01", "2027-10-02"],
  };

  const created = await send("CreateIngestSchedule", fields);
  const { ScheduleId } = created;
  expect(created).toMatchObject({ ...fields, ExcludeDates: fields.ExcludeDates });
  const updated = await send("UpdateIngestSchedule", { ScheduleId, Priority: 80 });
  expect(updated).toMatchObject({ Name: fields.Name, Priority: 80 });
  const preview = await send("PreviewIngestSchedule", { ScheduleId, Count: 2 });
  expect(preview.Occurrences).toEqual(created.Occurrences.slice(0, 2));
  const StartTime = preview.Occurrences[1]?.StartTime;
  expect(await send("SkipIngestOccurrence", { ScheduleId, StartTime })).toMatchObject({
    State: "Skipped",
    Reason: "Asked",
  });
  const run = await send("RunIngestSchedule", { ScheduleId, DurationSeconds: 60 });
  expect(run).toMatchObject({ State: "Running" });
  expect(await send("DescribeIngestSchedule", { ScheduleId })).toMatchObject({
    Counts: { Running: 1, Skipped: 1 },
  });
  expect(await send("ListIngestSchedules", { Name: fields.Name })).toMatchObject({
    Schedules: [{ ScheduleId }],
  });
  expect(await send("ListIngestOccurrences", { ScheduleId, State: "Running" })).toMatchObject({
    Occurrences: [{ TaskId: run["TaskId"] }],
  });
  await send("DeleteIngestSchedule", { ScheduleId, StopRunning: true });
  expect(await send("ListIngestSchedules", { Name: fields.Name })).toMatchObject({ Schedules: [] });
  expect(await send("ListIngestOccurrences", { ScheduleId, State: "Done" })).toMatchObject({
    Occurrences: [{ TaskId: run["TaskId"], Reason: "stopped" }],
  });
});

describe("a replayed signature", () => {
  test("creates nothing twice", async () => {
    const send = byCnSdk("POST");
    const named = {
      Name: "replayed",
      TimeZone: "UTC",
      Windows: [{ Recurrence: "0 9 * * *", DurationSeconds: 60 }],
    };
    const Ingest = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0, StreamUrl: app.clip };

    // Equal requests of one second have one signature. Those of two seconds have two.
    const both = await Promise.allSettled(
      [1, 2].map(() => send("CreateIngestSchedule", { ...named, Ingest })),
    );

    const answers = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const ids = new Set(answers.map((answer) => (answer as Answer).ScheduleId));
    expect(ids.size).toBe(1);
  });
});
