/** A house that is sent wrong requests only, past the network, and may not change by any of them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "@jest/globals";
import fc from "fast-check";
import { ERROR_TABLE, type ErrorCode } from "../../shared/error-table.js";
import type { HttpAnswer } from "../../shared/runtime/envelope.js";
import { CN_APP, type House, INTL_APP, openHouse } from "./house.js";
import type { Existing } from "./right-requests.js";
import { worldOf } from "./world.js";

export interface Wrong {
  door: string;
  event: unknown;
  /** Whether the refusal comes with status 200, as an SDK needs it; absent: with either. */
  isSigned?: boolean;
}

export interface Refusals {
  house: House;
  existing: Existing;
  /** Each gets a refusal of Tencent's shape, with a code of the table that fits. */
  expectRefused: (runs: number, wrong: fc.Arbitrary<Wrong>, code?: RegExp) => Promise<void>;
  /** After so many cases at least, everything is as it was. */
  expectUnchanged: (casesAtLeast: number) => Promise<void>;
}

export async function openRefusals(): Promise<Refusals> {
  const house = await openHouse();
  const taskIds = { cn: await running(house, CN_APP), intl: await running(house, INTL_APP) };
  const before = await worldOf(house);
  let cases = 0;
  return {
    house,
    existing: { clip: house.clip, taskIds },
    expectRefused: (numRuns, wrong, code = /./) =>
      fc.assert(
        fc.asyncProperty(wrong, async (each) => {
          // Refusals come without a turn of the event loop, which has sockets and timers to see to.
          await nextTurn();
          cases += 1;
          expect(await codeOf(house, { ...each, requestId: `case-${cases}` })).toMatch(code);
        }),
        { numRuns },
      ),
    async expectUnchanged(casesAtLeast) {
      expect(cases).toBeGreaterThanOrEqual(casesAtLeast);
      expect(await worldOf(house)).toEqual(before);
    },
  };
}

async function running(house: House, SdkAppId: number): Promise<string> {
  const wanted = { SdkAppId, RoomId: "8489", StreamUrl: house.clip, RepeatNum: -1 };
  const { response } = await house.post("start-ingest", wanted);
  return String(response["TaskId"]);
}

/** The code of the refusal; throws for any other answer. */
async function codeOf(
  house: House,
  { door, event, isSigned, requestId }: Wrong & { requestId: string },
): Promise<string> {
  const { handler, timeLimitMs } = house.functionNamed(door);
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
