/** A test app that gets only wrong requests, without the network. None of them may change it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "@jest/globals";
import { ERROR_TABLE, type ErrorCode } from "../../../shared/contract/error-table.js";
import type { HttpAnswer } from "../../../shared/runtime/envelope.js";
import { CN_APP, type TestApp, INTL_APP, startTestApp } from "../app/test-app.js";
import type { Existing } from "./right-requests.js";
import { REQUIRED_OF_SCHEDULES, SCHEDULE_INGEST } from "./schedules.js";
import { worldOf } from "../app/world.js";
import fc, { cases } from "../properties.js";

export interface Wrong {
  functionName: string;
  event: unknown;
  /** True when the refusal has status 200, as an SDK needs it. Absent: any status is correct. */
  isSigned?: boolean;
}

export interface Refusals {
  app: TestApp;
  existing: Existing;
  /**
   * Each wrong request gets a refusal in Tencent's shape, with a matching code of the error table.
   */
  expectRefused: (runs: number, wrong: fc.Arbitrary<Wrong>, code?: RegExp) => Promise<void>;
  /** After at least this many cases, the state is unchanged. */
  expectUnchanged: (casesAtLeast: number) => Promise<void>;
}

export async function openRefusals(): Promise<Refusals> {
  const app = await startTestApp();
  const taskIds = { cn: await running(app, CN_APP), intl: await running(app, INTL_APP) };
  const schedules = { cn: await planned(app, CN_APP), intl: await planned(app, INTL_APP) };
  const before = await worldOf(app);
  let count = 0;
  return {
    app,
    existing: { clip: app.clip, taskIds, schedules },
    expectRefused: (numRuns, wrong, code = /./) =>
      fc.assert(
        fc.asyncProperty(wrong, async (each) => {
          // Refusals come without a turn of the event loop, but sockets and timers need turns.
          await nextTurn();
          count += 1;
          expect(await codeOf(app, { ...each, requestId: `case-${count}` })).toMatch(code);
        }),
        { numRuns: cases(numRuns) },
      ),
    async expectUnchanged(casesAtLeast) {
      expect(count).toBeGreaterThanOrEqual(cases(casesAtLeast));
      expect(await worldOf(app)).toEqual(before);
    },
  };
}

async function running(app: TestApp, SdkAppId: number): Promise<string> {
  const request = { SdkAppId, RoomId: "8489", StreamUrl: app.clip, RepeatNum: -1 };
  const { response } = await app.post("start-ingest", request);
  return String(response["TaskId"]);
}

/** A schedule that plays in the room of no other ingest. */
async function planned(app: TestApp, SdkAppId: number): Promise<Existing["schedules"]["cn"]> {
  const { response } = await app.post(
    "schedules",
    {
      ...REQUIRED_OF_SCHEDULES.CreateIngestSchedule,
      Name: `Lessons of ${SdkAppId}`,
      Ingest: { ...SCHEDULE_INGEST, SdkAppId, RoomIdType: 0, StreamUrl: app.clip },
    },
    { "x-tc-action": "CreateIngestSchedule" },
  );
  const { ScheduleId, Occurrences } = response as unknown as {
    ScheduleId: string;
    Occurrences: { StartTime: string }[];
  };
  return { ScheduleId, StartTime: String(Occurrences.at(-1)?.StartTime) };
}

/** Returns the code of the refusal. It throws for any other answer. */
async function codeOf(
  app: TestApp,
  { functionName, event, isSigned, requestId }: Wrong & { requestId: string },
): Promise<string> {
  const { handler, timeLimitMs } = app.functionNamed(functionName);
  const context = { request_id: requestId, getRemainingTimeInMillis: () => timeLimitMs };
  const { statusCode, body, isBase64Encoded } = (await handler(event, context)) as HttpAnswer;
  const answer = JSON.parse(body) as { Response: { Error: { Code: string } } };
  const Message = expect.stringMatching(/\S.*\.$/s);
  expect(answer).toEqual({
    Response: { Error: { Code: expect.any(String), Message }, RequestId: requestId },
  });
  const { Code } = answer.Response.Error;
  expect(Object.keys(ERROR_TABLE)).toContain(Code);
  expect(Code).not.toMatch(/^InternalError/);
  const { status } = ERROR_TABLE[Code as ErrorCode];
  const statuses = isSigned === undefined ? [200, status] : [isSigned ? 200 : status];
  expect(statuses).toContain(statusCode);
  expect(isBase64Encoded).toBe(false);
  return Code;
}
