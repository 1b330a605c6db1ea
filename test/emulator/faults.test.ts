/** Faults on demand: which calls they hit, what the caller gets, and whether TRTC acted. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type CallFault, type Fault, readFaults } from "../../emulator/faults/fault.js";
import { makeFaultBoard } from "../../emulator/faults/fault-board.js";
import { TRTC_ACTIONS } from "../../emulator/api/schemas.js";
import type { Emulator } from "../../emulator/server.js";
import { systemClock } from "../../shared/clock.js";
import {
  CN_APP,
  cnSdk,
  codeOf,
  type Send,
  startFields,
  startTestEmulator,
} from "../support/http/emulator-client.js";
import { record } from "../support/http/recording-wire.js";

const JSON_TYPE = { "content-type": "application/json" };

let emulator: Emulator;
let send: Send;
beforeAll(async () => {
  emulator = await startTestEmulator({ switches: { callsPerSecond: 10_000 } });
  // The SDK's timer continues after an interrupted answer and would delay the test.
  send = cnSdk(emulator, { timeoutSeconds: 1 });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.faults.clear());

const set = async (faults: unknown, method = "POST") => {
  const body = typeof faults === "string" ? faults : JSON.stringify(faults);
  const init = method === "POST" ? { method, body, headers: JSON_TYPE } : { method };
  const answer = await fetch(`${emulator.url}/_emulator/faults`, init);
  return [answer.status, await answer.json()] as [number, Record<string, unknown>];
};

const startFresh = () => send("StartStreamIngest", startFields());
const tasks = () => emulator.tasks().length;
const describeIt = () => send("DescribeStreamIngest", { SdkAppId: CN_APP, TaskId: "nonsense" });

describe("a fault gives the caller", () => {
  const START = { action: "StartStreamIngest" } as const;
  const MESSAGES: readonly [string, CallFault, boolean, RegExp][] = [
    ["any code", { ...START, kind: "error", code: "InternalError.DBError" }, false, /DBError/],
    [
      "a code although it acted",
      { ...START, kind: "error", code: "InternalError", acts: true },
      true,
      /^InternalError$/,
    ],
    ["the rate limit", { ...START, kind: "throttle" }, false, /^RequestLimitExceeded$/],
    ["a lost request", { ...START, kind: "lose-request" }, false, /socket hang up/],
    ["a lost answer", { ...START, kind: "lose-answer" }, true, /socket hang up/],
    ["half an answer", { ...START, kind: "reset" }, true, /aborted|ECONNRESET|Premature/i],
    ["a gateway", { ...START, kind: "http-502" }, false, /Bad Gateway/],
    ["a gateway that gave up", { ...START, kind: "http-502", acts: true }, true, /Bad Gateway/],
    ["a page of somebody else", { ...START, kind: "garbage" }, false, /invalid json/],
  ];

  test.each(MESSAGES)("%s", async (_what, fault, hasActed, message) => {
    const before = tasks();
    emulator.faults.add({ ...fault, times: 1 });
    expect(await codeOf(startFresh())).toMatch(message);
    expect(tasks() - before).toBe(hasActed ? 1 : 0);
    expect(emulator.faults.list()).toEqual([{ ...fault, times: 1, hits: 1 }]);
    expect(await startFresh()).toHaveProperty("TaskId");
  });

  test.each([
    ["never hears anything", undefined, 0],
    ["never hears anything, although it acted", true, 1],
  ])("%s", async (_what, acts, started) => {
    const before = tasks();
    const hang = { ...START, kind: "hang", times: 1 } as const;
    emulator.faults.add(acts === undefined ? hang : { ...hang, acts });
    const call = startFresh().then(
      () => "answered",
      () => "cut",
    );
    while (emulator.faults.list()[0]?.hits !== 1) await systemClock.sleep(5);
    expect(await Promise.race([call, systemClock.sleep(100).then(() => "waiting")])).toBe(
      "waiting",
    );
    expect(tasks() - before).toBe(started);
  });

  test.each([
    ["before", 0],
    ["after", 1],
  ] as const)("a delay %s it acts", async (when, startedMeanwhile) => {
    const before = tasks();
    emulator.faults.add({ ...START, kind: "delay", ms: 300, when });
    const call = startFresh();
    while (emulator.faults.list()[0]?.hits !== 1) await systemClock.sleep(5);
    expect(tasks() - before).toBe(startedMeanwhile);
    expect(await call).toHaveProperty("TaskId");
    expect(tasks() - before).toBe(1);
  });

  test("half of the answer's bytes, and then a reset of the connection", async () => {
    const { bytes } = await record(emulator.url, (url) =>
      cnSdk({ url })("StartStreamIngest", startFields()),
    );
    emulator.faults.add({ action: "*", kind: "reset" });
    const socket = connect(emulator.port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.write(bytes);
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    const [head = "", half = ""] = Buffer.concat(chunks).toString().split("\r\n\r\n");
    const length = Number(/content-length: (\d+)/.exec(head)?.[1]);
    expect(half).toHaveLength(Math.floor(length / 2));
    expect(half).toMatch(/^\{"Response":/);
  });

  test("the signature's refusal first, when the signature is wrong", async () => {
    emulator.faults.add({ action: "*", kind: "throttle" });
    const stranger = cnSdk(emulator, { secretKey: "wrong" });
    expect(await codeOf(stranger("DescribeStreamIngest", {}))).toBe("AuthFailure.SignatureFailure");
    expect(emulator.faults.list()[0]?.hits).toBe(0);
  });
});

describe("a fault applies to", () => {
  test("the next n calls of its action, and to no other action", async () => {
    await set({ action: "DescribeStreamIngest", kind: "throttle", times: 2 });
    expect(await startFresh()).toHaveProperty("TaskId");
    const codes = [await codeOf(describeIt()), await codeOf(describeIt())];
    expect(codes).toEqual(Array(2).fill("RequestLimitExceeded"));
    expect(await codeOf(describeIt())).toBe("InvalidParameter.TaskId");
  });

  test("one call after the other, when a list of faults is set", async () => {
    await set([
      { action: "DescribeStreamIngest", kind: "throttle", times: 1 },
      { action: "*", kind: "error", code: "InternalError.DBError", times: 1 },
    ]);
    expect([await codeOf(describeIt()), await codeOf(describeIt())]).toEqual([
      "RequestLimitExceeded",
      "InternalError.DBError",
    ]);
    expect(await codeOf(describeIt())).toBe("InvalidParameter.TaskId");
  });

  test("all calls until it is cleared, when it has no count", async () => {
    await set({ action: "*", kind: "throttle" });
    for (let n = 0; n < 5; n += 1) expect(await codeOf(describeIt())).toBe("RequestLimitExceeded");
    expect(await set("", "GET")).toEqual([
      200,
      { faults: [{ action: "*", kind: "throttle", hits: 5 }] },
    ]);
    expect(await set("", "DELETE")).toEqual([200, { faults: [] }]);
    expect(await codeOf(describeIt())).toBe("InvalidParameter.TaskId");
  });

  const drawn = (share: number, seed: number, times?: number): boolean[] => {
    const limit = times === undefined ? {} : { times };
    const board = makeFaultBoard([{ action: "*", kind: "throttle", share, seed, ...limit }]);
    return Array.from({ length: 1000 }, () => board.takeCall("StopStreamIngest") !== undefined);
  };
  const count = (hits: boolean[]) => hits.filter(Boolean).length;

  test("a share of the calls, the same ones for the same seed", () => {
    expect(drawn(0.3, 7)).toEqual(drawn(0.3, 7));
    expect(drawn(0.3, 8)).not.toEqual(drawn(0.3, 7));
    expect(count(drawn(0.3, 7))).toBeGreaterThan(240);
    expect(count(drawn(0.3, 7))).toBeLessThan(360);
    expect([count(drawn(0, 1)), count(drawn(1, 1)), count(drawn(0.5, 1, 9))]).toEqual([0, 1000, 9]);
  });

  test("later calls also when a thousand faults are set, of which used ones are removed first", () => {
    const board = makeFaultBoard();
    board.add({ action: "*", kind: "throttle", times: 1 }, { action: "*", kind: "hang" });
    board.takeCall("StopStreamIngest");
    for (let n = 0; n < 1000; n += 1) board.add({ event: 702, kind: "drop" });
    expect(board.list()).toHaveLength(1000);
    expect(board.takeCall("StopStreamIngest")).toBeUndefined();
    expect(board.takeCallback(702)).toMatchObject({ kind: "drop" });
    expect(board.takeCallback(701)).toBeUndefined();
  });
});

describe("an invalid fault is refused, and nothing is set", () => {
  const code = "InternalError";
  test.each([
    ["no JSON", "{", "not JSON"],
    ["a number", 7, "A fault is an object"],
    ["a list in a list", [[]], "Fault 1"],
    ["nothing", {}, "name one of them"],
    ["an action and an event", { action: "*", event: 702, kind: "drop" }, "name one of them"],
    ["an unknown action", { action: "Dance", kind: "throttle" }, "StartStreamIngest"],
    ["an action of another type", { action: 7, kind: "throttle" }, "action"],
    ["an unknown event", { event: 999, kind: "drop" }, "702"],
    ["no kind", { action: "*" }, "lose-answer"],
    ["a kind of JavaScript's", { action: "*", kind: "constructor" }, "kind"],
    ["a kind of the other sort", { event: 702, kind: "lose-answer" }, "drop, reorder"],
    ["an error without a code", { action: "*", kind: "error" }, "code is missing"],
    ["a code that is none", { action: "*", kind: "error", code: "<b>" }, "code"],
    ["a code for what has none", { action: "*", kind: "throttle", code }, "code"],
    ["no calls", { action: "*", kind: "throttle", times: 0 }, "times"],
    ["half a call", { action: "*", kind: "throttle", times: 1.5 }, "times"],
    ["more than all", { action: "*", kind: "throttle", share: 1.1 }, "share"],
    ["a share in words", { action: "*", kind: "throttle", share: "half" }, "share"],
    ["a seed of nothing", { action: "*", kind: "throttle", seed: 1 }, "seed"],
    ["a delay without its length", { action: "*", kind: "delay" }, "ms is missing"],
    ["a delay into the past", { action: "*", kind: "delay", ms: -1 }, "ms"],
    ["a delay without end", { action: "*", kind: "delay", ms: 1e12 }, "ms"],
    ["a delay in between", { action: "*", kind: "delay", ms: 1, when: "during" }, "before"],
    ["a million copies", { event: "*", kind: "repeat", copies: 1e6 }, "copies"],
    ["a good one before a bad one", [{ action: "*", kind: "hang" }, { action: "*" }], "Fault 2"],
  ])("%s", async (_what, faults, hint) => {
    const [status, body] = await set(faults);
    expect([status, body]).toEqual([400, { error: expect.stringContaining(hint) }]);
    expect(emulator.faults.list()).toEqual([]);
  });

  test("for another method, with the list of methods", async () => {
    expect(await set("", "PATCH")).toEqual([405, { error: "Send GET or POST or DELETE." }]);
  });
});

test("every kind of fault is accepted for every action, also as a single object", () => {
  const kinds = ["throttle", "lose-request", "lose-answer", "reset", "http-502", "garbage", "hang"];
  const all = TRTC_ACTIONS.flatMap((action) => kinds.map((kind) => ({ action, kind }) as Fault));
  expect(readFaults(all)).toEqual(all);
  expect(readFaults(all[0])).toEqual([all[0]]);
});
