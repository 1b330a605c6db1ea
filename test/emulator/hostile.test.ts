/** The emulator answers any input in Tencent's form, and never as an internal error. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TRTC_ACTIONS } from "../../emulator/api/schemas.js";
import type { Emulator } from "../../emulator/server.js";
import { startFields, startTestEmulator } from "../support/http/emulator-client.js";
import {
  codeIn,
  FORM,
  type RawAnswer,
  type RawCaller,
  rawCaller,
} from "../support/http/raw-call.js";
import fc, { cases } from "../support/properties.js";

let emulator: Emulator;
let caller: RawCaller;
beforeAll(async () => {
  emulator = await startTestEmulator({ switches: { callsPerSecond: 10_000 } });
  caller = rawCaller(emulator.url);
});
afterAll(() => emulator.close());

describe("the emulator answers any input:", () => {
  const isEnvelope = (answer: RawAnswer): string => {
    const code = codeIn(answer) ?? "Ok";
    expect(code).toMatch(/^[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+)?$/);
    expect(code).not.toMatch(/^InternalError/);
    return code;
  };
  /** With a valid signature: otherwise the test would reach only authentication. */
  const isServed = (answer: RawAnswer) => expect(isEnvelope(answer)).not.toMatch(/^AuthFailure/);
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const action = fc.constantFrom(...TRTC_ACTIONS);

  test("unsigned bytes get an error in Tencent's form", async () => {
    const token = fc.stringMatching(/^[!-~]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(bytes, token, token, async (body, authorization, contentType) => {
        const headers = { authorization, "content-type": contentType };
        isEnvelope(await caller.raw({ headers, body }));
      }),
      { numRuns: cases(100) },
    );
  });

  test("signed bytes and signed JSON get an answer in Tencent's form", async () => {
    const json = fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text));
    await fc.assert(
      fc.asyncProperty(action, fc.oneof(bytes, json), async (name, body) => {
        isServed(await caller.sendSigned({ body, headers: { "x-tc-action": name } }));
      }),
      { numRuns: cases(100) },
    );
  });

  test("real fields with random values get an answer in Tencent's form", async () => {
    const wild = fc.anything({ maxDepth: 2, withNullPrototype: false });
    const field = fc.constantFrom(...Object.keys(startFields()), "TaskId", "UserIds", "Tempo");
    await fc.assert(
      fc.asyncProperty(action, fc.dictionary(field, wild), async (name, fields) => {
        const body = Buffer.from(JSON.stringify({ ...startFields(), ...fields }));
        isServed(await caller.sendSigned({ body, headers: { "x-tc-action": name } }));
      }),
      { numRuns: cases(200) },
    );
  });

  test("signed forms with any content get an answer in Tencent's form", async () => {
    const entries = fc.dictionary(fc.string(), fc.string());
    await fc.assert(
      fc.asyncProperty(action, entries, async (Action, changes) => {
        isServed(await caller.raw({ headers: FORM, body: caller.form({ ...changes, Action }) }));
      }),
      { numRuns: cases(100) },
    );
  });
});
