/**
 * No caller delays another. Callers of one account take turns for slots and claims. MaxIngests and
 * StartsPerMinute limit each caller across all instances. The tests use the store on real
 * PostgreSQL.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Store } from "../../shared/store/store.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";
import { type Instances, startInstances } from "../support/database/instances.js";

let stores: Store[];
let everywhere: Instances["everywhere"];
let close: Instances["close"];
let nowMs = T0.getTime();
let accounts = 0;

beforeAll(async () => {
  const clock = { now: () => new Date(nowMs), elapsedMs: () => nowMs };
  ({ stores, everywhere, close } = await startInstances(clock));
});
afterAll(() => close());

const store = (n = 0): Store => stores[n % stores.length] as Store;
const newName = (what: string) => `${what}-${(accounts += 1)}`;

interface Waiting {
  callerId: string;
  askAtMs: number;
  isAgain: boolean;
}

/**
 * Requests a slot for each caller as a function does, with its waits. It returns the granted
 * callers in order.
 */
async function grants(action: string, account: string, waiting: Waiting[]) {
  const granted: { callerId: string; slotMs: number; askedMs: number }[] = [];
  const queue = waiting.map((each) => ({ ...each, askedMs: each.askAtMs }));
  for (let asked = 0; queue.length > 0; asked += 1) {
    if (asked > 50 * waiting.length) throw new Error("they ask for ever");
    queue.sort((a, b) => a.askAtMs - b.askAtMs);
    const next = queue.shift() as (typeof queue)[number];
    nowMs = Math.max(nowMs, T0.getTime() + next.askAtMs);
    const { callerId, isAgain, askedMs } = next;
    const slot = await store().slots.take({
      account,
      action,
      callerId,
      isAgain,
      waitMaxMs: 60_000,
    });
    if (!slot) continue;
    const slotMs = nowMs - T0.getTime() + slot.msUntil();
    if (slot.isToAskAgain) queue.push({ ...next, isAgain: true, askAtMs: slotMs });
    else granted.push({ callerId, slotMs, askedMs });
  }
  return granted;
}

const crowd = (callerId: string, count: number, askAtMs = 0): Waiting[] =>
  Array.from({ length: count }, () => ({ callerId, askAtMs, isAgain: false }));

describe.each([
  "StartStreamIngest",
  "StopStreamIngest",
  "UpdateStreamIngest",
  "DescribeStreamIngest",
])("slots of %s", (action) => {
  beforeAll(() => {
    nowMs = T0.getTime();
  });

  test.each([0, 50, 300, 1000, 2500])(
    "one call %d ms after another caller's 200 calls waits about a second",
    async (askAtMs) => {
      nowMs = T0.getTime();
      const account = newName("account");
      const all = await grants(action, account, [...crowd("B", 200), ...crowd("A", 1, askAtMs)]);
      const [own] = all.filter(({ callerId }) => callerId === "A");
      expect((own?.slotMs ?? Infinity) - askAtMs).toBeLessThan(1300);
      expect(all).toHaveLength(201);
    },
  );
});

describe("an account's slots", () => {
  test("go to a single caller at 20 in 1.1 s, with any number of waiting calls", async () => {
    nowMs = T0.getTime();
    const all = await grants("StartStreamIngest", newName("account"), crowd("B", 200));
    const times = all.map(({ slotMs }) => slotMs).sort((a, b) => a - b);
    // At least nine bursts after the first, and the cost of the first wait.
    expect(times.at(-1)).toBeLessThan(9 * 1100 + 95 + 1100);
    for (const [n, ms] of times.entries()) {
      expect((times[n + 20] ?? Infinity) - ms).toBeGreaterThan(1099.9);
    }
  });

  test("are shared equally by two crowds of very different size", async () => {
    nowMs = T0.getTime();
    const waiting = [...crowd("B", 400), ...crowd("A", 60, 1000)];
    const all = await grants("StartStreamIngest", newName("account"), waiting);
    const lastOfA = Math.max(
      ...all.filter(({ callerId }) => callerId === "A").map(({ slotMs }) => slotMs),
    );
    const meanwhile = all.filter(({ slotMs }) => slotMs > 1000 && slotMs <= lastOfA);
    const ofB = meanwhile.filter(({ callerId }) => callerId === "B").length;
    expect(ofB).toBeGreaterThan(30);
    expect(ofB).toBeLessThan(120);
  });

  test("serve a caller's start behind 600 of another caller, some of which are refused", async () => {
    nowMs = T0.getTime();
    const account = newName("account");
    const begin = (callerId: string) =>
      store().ingests.beginStart(newIngest({ account, callerId, waitMaxMs: 25_000 }));
    const outcomes = [];
    for (let n = 0; n < 600; n += 1) outcomes.push((await begin("B")).outcome);
    expect(outcomes).toContain("no-slot");
    const own = await begin("A");
    expect(own.outcome).toBe("begun");
    const slot = own.outcome === "begun" ? own.slot : undefined;
    expect(slot?.isToAskAgain).toBeUndefined();
    expect(slot?.msUntil()).toBeLessThan(1300);
  });
});

describe("claims of due stops", () => {
  const claim = (limit = 20) =>
    store().ingests.claimDue({
      at: new Date(nowMs),
      horizonAt: addMs(new Date(nowMs), 1000),
      leaseMs: 10_000,
      limit,
      accountMax: 40,
    });
  const dueOf = async (callerId: string, count: number, fields: Partial<Wanted>) => {
    for (let n = 0; n < count; n += 1) await runningIngest(store(), { callerId, ...fields });
  };
  const callersIn = (claimed: { callerId: string }[]) => claimed.map(({ callerId }) => callerId);

  test("take an account's callers in turn, also when one caller's stops are all due first", async () => {
    const account = newName("account");
    nowMs = T0.getTime() + 20 * MINUTE_MS;
    await dueOf("B", 200, { account, deadlineAt: addMs(T0, 0) });
    await dueOf("A", 1, { account, deadlineAt: addMs(T0, 300) });
    await dueOf("C", 3, { account, deadlineAt: addMs(T0, 400) });
    expect(callersIn(await claim(6)).sort()).toEqual(["A", "B", "B", "B", "C", "C"]);
  });

  test("reach a caller without claims while another holds the account's whole share", async () => {
    const account = newName("account");
    nowMs = T0.getTime() + 40 * MINUTE_MS;
    await claim(1000);
    await dueOf("B", 100, { account, deadlineAt: addMs(T0, 0) });
    expect(await claim(100)).toHaveLength(40);
    expect(await claim(100)).toEqual([]);
    await dueOf("A", 30, { account, deadlineAt: addMs(T0, 300) });
    expect(
      await store().ingests.nextClaimAt({
        at: new Date(nowMs),
        horizonAt: new Date(nowMs),
        aheadMs: 1000,
        accountMax: 40,
      }),
    ).toEqual(addMs(T0, 300 - 1000));
    const claimed = callersIn(await claim(100));
    expect(new Set(claimed)).toEqual(new Set(["A"]));
    expect(claimed).toHaveLength(20);
  });
});

describe("MaxIngests", () => {
  test("is reached and not exceeded by concurrent starts from several instances", async () => {
    const callerId = newName("caller");
    const quotas = { maxIngests: 7 };
    const account = newName("account");
    nowMs += MINUTE_MS;
    const outcomes = await everywhere(60, (each) =>
      each.ingests.beginStart(newIngest({ callerId, account, quotas })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "begun")).toHaveLength(7);
    expect(outcomes.filter(({ outcome }) => outcome === "over-quota")).toHaveLength(53);
    expect(outcomes).toContainEqual(
      expect.objectContaining({ outcome: "over-quota", quota: "MaxIngests", count: 7 }),
    );
  });

  test("counts running ingests only, also those begun before it was set", async () => {
    const callerId = newName("caller");
    const begin = (maxIngests?: number) =>
      store().ingests.beginStart(
        newIngest({ callerId, account: newName("account"), quotas: { maxIngests } }),
      );
    const first = await begin();
    await begin();
    expect((await begin(2)).outcome).toBe("over-quota");
    expect((await begin(3)).outcome).toBe("begun");
    expect((await begin(3)).outcome).toBe("over-quota");
    // After a lower limit the live ingests stay, and no new ones begin.
    expect((await begin(1)).outcome).toBe("over-quota");
    const { taskId = "" } = first.outcome === "begun" ? first.ingest : {};
    await store().ingests.markEnded({ taskId, fence: 0, reason: "stopped", at: T0 });
    expect((await begin(3)).outcome).toBe("begun");
  });

  test("applies per caller, and a known token has its answer also at the limit", async () => {
    const [one, other] = [newName("caller"), newName("caller")];
    const account = newName("account");
    const begin = (callerId: string, clientToken: string) =>
      store().ingests.beginStart(
        newIngest({ callerId, account, clientToken, quotas: { maxIngests: 1 } }),
      );
    expect((await begin(one, "t")).outcome).toBe("begun");
    expect((await begin(other, "t")).outcome).toBe("begun");
    expect((await begin(one, "t")).outcome).toBe("token-known");
    expect((await begin(one, "u")).outcome).toBe("over-quota");
  });
});

describe("StartsPerMinute", () => {
  test("is not exceeded by concurrent starts from several instances in any 60 seconds", async () => {
    const callerId = newName("caller");
    const quotas = { startsPerMinute: 5 };
    const begunAtMs: number[] = [];
    nowMs += MINUTE_MS;
    for (let step = 0; step < 14; step += 1) {
      nowMs += 10_000;
      const account = newName("account");
      const outcomes = await everywhere(step % 3 === 0 ? 12 : 2, (each) =>
        each.ingests.beginStart(newIngest({ callerId, account, quotas })),
      );
      const begun = outcomes.filter(({ outcome }) => outcome === "begun");
      begunAtMs.push(...begun.map(() => nowMs));
    }
    for (const ms of begunAtMs) {
      expect(begunAtMs.filter((each) => each > ms - MINUTE_MS && each <= ms).length).toBeLessThan(
        6,
      );
    }
    expect(begunAtMs.length).toBeGreaterThanOrEqual(12);
  });

  test("says when the next start may begin, and does not count repeated starts", async () => {
    const callerId = newName("caller");
    nowMs += MINUTE_MS;
    const begin = (clientToken: string | null) =>
      store().ingests.beginStart(
        newIngest({
          callerId,
          clientToken,
          account: newName("account"),
          quotas: { startsPerMinute: 2 },
        }),
      );
    await begin("t");
    for (let n = 0; n < 5; n += 1) expect((await begin("t")).outcome).toBe("token-known");
    nowMs += 20_000;
    expect((await begin(null)).outcome).toBe("begun");
    expect(await begin(null)).toEqual({
      outcome: "over-quota",
      quota: "StartsPerMinute",
      count: 2,
      freeInMs: 40_000,
    });
    nowMs += 40_000;
    expect((await begin(null)).outcome).toBe("begun");
  });
});
