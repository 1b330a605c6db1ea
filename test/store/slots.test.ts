/**
 * TRTC's 20 calls a second, as slots: at most 20 in any 1.1 s, and at least 5 ms apart. No slot is
 * later than this rule requires. Concurrent requests for slots are in concurrent.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { makeRateWindow } from "../../emulator/api/rate-window.js";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { takeSlot } from "../../shared/store/slots.js";
import { ENGINES } from "../support/database/databases.js";
import { T0 } from "../support/app/ingests.js";
import { makeSlotReader } from "../../shared/store/engine/database-time.js";
import fc, { cases } from "../support/properties.js";

/** The same rule, applied to the whole history. */
function earliest(taken: readonly number[], atMs: number): number {
  const [last, twentieth] = [taken.at(-1), taken.at(-20)];
  return Math.max(atMs, (last ?? -Infinity) + 5, (twentieth ?? -Infinity) + 1100);
}

/** The statement of version 1 for a slot, on the same table. */
const VERSION_1 = `
  insert into call_slot as slot (account, action, next_free_at)
  values ($2, 'A', $1::timestamptz + interval '55 milliseconds')
  on conflict (account, action) do update
    set next_free_at = greatest(slot.next_free_at + interval '55 milliseconds', excluded.next_free_at)
  returning extract(epoch from next_free_at - interval '55 milliseconds') * 1000 as slot_ms`;

/** Pauses and bursts: both matter, so both are likely. */
const gapMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) },
);

describe.each(ENGINES)("slots on %s", (_, open) => {
  let database: Database;
  let accounts = 0;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  /** Slots of an unused account, as milliseconds since T0. */
  function newAccount() {
    accounts += 1;
    const account = `account-${accounts}`;
    const take = async (atMs: number, { action = "A", waitMaxMs = MINUTE_MS } = {}) => {
      const slot = await takeSlot(database.query, {
        account,
        action,
        waitMaxMs,
        now: addMs(T0, atMs),
        readSlot: ({ slotMs }) => ({ msUntil: () => slotMs - T0.getTime() }),
      });
      return slot?.msUntil();
    };
    const takeAsVersion1 = async (atMs: number) => {
      const [row] = await database.query(VERSION_1, [addMs(T0, atMs), account]);
      return Number(row?.["slot_ms"]) - T0.getTime();
    };
    return { account, take, takeAsVersion1 };
  }

  async function takeTimes(count: number, take: (atMs: number) => Promise<number | undefined>) {
    const taken: number[] = [];
    for (let n = 0; n < count; n += 1) taken.push((await take(0)) ?? Number.NaN);
    return taken;
  }

  test("twenty calls that arrive together leave within 0.1 s, and the next twenty 1.1 s later", async () => {
    const taken = await takeTimes(41, newAccount().take);
    const twenty = Array.from({ length: 20 }, (__, n) => n * 5);
    expect(taken).toEqual([...twenty, ...twenty.map((ms) => ms + 1100), 2200]);
  });

  test("a long backlog leaves at 20 in 1.1 s", async () => {
    const taken = await takeTimes(200, newAccount().take);
    expect(taken.at(-1)).toBe(9 * 1100 + 95);
  });

  test("a pause allows no more than one burst", async () => {
    const { take } = newAccount();
    await take(0);
    const taken = await takeTimes(21, () => take(MINUTE_MS));
    expect(taken.map((ms) => ms - MINUTE_MS).slice(-2)).toEqual([95, 1100]);
  });

  test("belong to one account and one action", async () => {
    const [one, other] = [newAccount(), newAccount()];
    await takeTimes(20, one.take);
    expect(await other.take(0)).toBe(0);
    expect(await one.take(0, { action: "B" })).toBe(0);
    expect(await one.take(0)).toBe(1100);
  });

  test("stay free when they are too far away", async () => {
    const { account, take } = newAccount();
    await takeTimes(20, take);
    const row = () => database.query("select * from call_slot where account = $1", [account]);
    const before = await row();
    expect(await take(0, { waitMaxMs: 1099 })).toBeUndefined();
    expect(await row()).toEqual(before);
    expect(await take(0, { waitMaxMs: 1100 })).toBe(1100);
  });

  test("are the earliest that the rule allows, and TRTC throttles no call that is up to 0.1 s late", async () => {
    const arrivals = fc.array(
      fc.record({ gapMs, lateMs: fc.oneof(fc.constantFrom(0, 100), fc.nat(100)) }),
      { minLength: 1, maxLength: 70 },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async (calls) => {
        const { take } = newAccount();
        const trtc = makeRateWindow();
        const taken: number[] = [];
        const arrivedMs: number[] = [];
        let atMs = 0;
        for (const each of calls) {
          atMs += each.gapMs;
          const slotMs = (await take(atMs)) ?? Number.NaN;
          expect(slotMs).toBeCloseTo(earliest(taken, atMs), 6);
          taken.push(slotMs);
          arrivedMs.push(slotMs + each.lateMs);
        }
        const admitted = arrivedMs.sort((a, b) => a - b).map((ms) => trtc.admit(ms, 20));
        expect(admitted).not.toContain(false);
      }),
      { numRuns: cases(40) },
    );
  });

  test("follow the rule while code of version 1 takes some of them", async () => {
    const arrivals = fc.array(fc.record({ gapMs, isOld: fc.boolean() }), {
      minLength: 1,
      maxLength: 80,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, async (calls) => {
        const { take, takeAsVersion1 } = newAccount();
        const taken: number[] = [];
        let atMs = 0;
        for (const each of calls) {
          atMs += each.gapMs;
          const slotMs = await (each.isOld ? takeAsVersion1 : take)(atMs);
          taken.push(slotMs ?? Number.NaN);
          if (!each.isOld)
            expect(slotMs).toBeGreaterThan(earliest(taken.slice(0, -1), atMs) - 0.01);
        }
      }),
      { numRuns: cases(40) },
    );
  });

  test("are still 20 in 1.1 s when code of version 1 takes half of a backlog", async () => {
    const { take, takeAsVersion1 } = newAccount();
    let last = 0;
    for (let n = 0; n < 100; n += 1) {
      await takeAsVersion1(0);
      last = (await take(0)) ?? Number.NaN;
    }
    expect(last).toBeLessThan(200 * 56);
  });
});

test("a slot keeps its instant when only delayed answers are remembered", () => {
  let nowMs = 0;
  const read = makeSlotReader(() => nowMs);
  const slot = read({ slotMs: 100, databaseNowMs: 0 });
  expect(slot.msUntil()).toBe(100);
  // The instance is frozen for half a minute while another answer is on its way.
  nowMs = 30_000;
  const other = read({ slotMs: 150, databaseNowMs: 50 });
  expect(slot.msUntil()).toBe(-29_900);
  expect(other.msUntil()).toBe(100);
});
