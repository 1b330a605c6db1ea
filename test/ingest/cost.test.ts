/** What an ingest costs: the pure function, and the same sums in SQL. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { addMs, DAY_MS, MINUTE_MS } from "../../shared/clock.js";
import { listPrices } from "../../shared/config/money/prices.js";
import type { SourceMedia } from "../../shared/contract/answers.js";
import { type Billed, costOf, microUsd, tierOf } from "../../shared/ingest/cost.js";
import type { Database } from "../../shared/store/engine/database.js";
import { createStore } from "../../shared/store/store.js";
import { ENGINES } from "../support/database/databases.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";

const minutes = (count: number) => addMs(T0, count * MINUTE_MS);

const video = (Width: number | null, Height: number | null): SourceMedia => ({
  Container: "mp4",
  DurationSeconds: 60,
  Video: { Codec: "h264", Width, Height, FrameRate: 25 },
  Audio: null,
});

const SOUND: SourceMedia = { ...video(1, 1), Container: "mp3", Video: null };

const ROW: Billed = {
  prices: listPrices,
  media: video(1920, 1080),
  createdAt: T0,
  startsAt: null,
  startedAt: T0,
  deadlineAt: minutes(1440),
  endedAt: null,
};

describe("the cost of an ingest", () => {
  test.each<[string, Partial<Billed>, Date, object]>([
    ["a day of 1080p", {}, minutes(1440), { Usd: 21.5712, UsdToDeadline: 21.5712, Minutes: 1440 }],
    [
      "a day of 720p",
      { media: video(1280, 720) },
      minutes(1440),
      { Usd: 10.0512, UsdToDeadline: 10.0512, Tier: "HD" },
    ],
    ["a day of sound", { media: SOUND }, minutes(1440), { Usd: 4.2912, Tier: "Audio" }],
    [
      "an unknown source, as 1080p",
      { media: null },
      minutes(1440),
      { Usd: 21.5712, Tier: "Unknown" },
    ],
    ["one that has run for an hour", {}, minutes(60), { Usd: 0.8988, UsdToDeadline: 21.5712 }],
    [
      "one that is past its deadline",
      { deadlineAt: minutes(10) },
      minutes(60),
      { Usd: 0.8988, UsdToDeadline: 0.8988 },
    ],
    [
      "one that is starting",
      { startedAt: null },
      minutes(1),
      { Usd: 0, UsdToDeadline: 21.5712, Minutes: 0 },
    ],
    [
      "one that starts later",
      { startedAt: null, startsAt: minutes(1380) },
      minutes(1),
      { Usd: 0, UsdToDeadline: 0.8988, Minutes: 0 },
    ],
    [
      "one that has ended",
      { endedAt: minutes(60) },
      minutes(1440),
      { Usd: 0.8988, UsdToDeadline: 0.8988, Minutes: 60 },
    ],
    [
      "one whose start was never accepted",
      { startedAt: null, endedAt: minutes(60) },
      minutes(1440),
      { Usd: 0, UsdToDeadline: 0, Minutes: 0 },
    ],
    // A clock may have gone back.
    ["one that starts in the future", { startedAt: minutes(5) }, T0, { Usd: 0, Minutes: 0 }],
    [
      "a millisecond, rounded up to a micro-USD",
      { endedAt: addMs(T0, 1) },
      T0,
      { Usd: 0.000001, Minutes: 0.01 },
    ],
  ])("%s", (_, fields, now, cost) => {
    expect(costOf({ ...ROW, ...fields }, now)).toMatchObject({ PricesOf: "2026-08-21", ...cost });
  });

  test("follows the prices of its own start", () => {
    const prices = { ...listPrices, Of: "2026-11-01", FullHD: 1_000_000 };
    expect(costOf({ ...ROW, prices }, minutes(60))).toMatchObject({
      Usd: 60,
      PricesOf: "2026-11-01",
    });
  });

  test("is exact where the product is greater than a number holds", () => {
    expect(microUsd(366 * DAY_MS + 1, 10_000_000)).toBe(366 * 1440 * 10_000_000 + 167);
  });
});

describe("the tier of a source", () => {
  test.each<[SourceMedia | null, string]>([
    [null, "Unknown"],
    [SOUND, "Audio"],
    [video(null, 720), "Unknown"],
    [video(1280, null), "Unknown"],
    [video(640, 360), "HD"],
    [video(1280, 720), "HD"],
    [video(720, 1280), "HD"],
    [video(1281, 720), "FullHD"],
    [video(1280, 721), "FullHD"],
    [video(1080, 1080), "FullHD"],
    [video(1080, 1920), "FullHD"],
    [video(1921, 1080), "2K"],
    [video(2560, 1440), "2K"],
    [video(2560, 1441), "4K"],
    [video(7680, 4320), "4K"],
  ])("%j is %s", (media, tier) => {
    expect(tierOf(media)).toBe(tier);
  });
});

describe.each(ENGINES)("on %s", (_, open) => {
  let database: Database;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test("a sum in SQL is the sum of these costs", async () => {
    const side = fc.option(fc.integer({ min: 1, max: 4000 }));
    const media = fc.oneof(
      fc.constantFrom(null, SOUND),
      fc.tuple(side, side).map(([width, height]) => video(width, height)),
    );
    const row = fc.record({
      media,
      ms: fc.oneof(fc.integer({ min: 0, max: 400 * DAY_MS }), fc.integer({ min: 0, max: 100 })),
      rate: fc.integer({ min: 0, max: 20_000_000 }),
    });
    const rows = fc.sample(row, { numRuns: 300, seed: 7 });
    const priced = rows.map(({ rate, ...others }) => ({
      ...others,
      prices: { ...listPrices, Audio: rate, HD: rate + 1, FullHD: rate + 2, "2K": rate + 3 },
      startedAt: T0,
      endedAt: addMs(T0, others.ms),
    }));
    const ours = priced.map((billed) => costOf({ ...ROW, ...billed }, T0));
    const answer = await database.query(
      `select media_tier(media) as tier,
              micro_usd(ms_between("startedAt", "endedAt"), micro_usd_per_minute(prices, media)) as micro_usd
       from jsonb_to_recordset($1::jsonb) as row
         (media jsonb, prices jsonb, "startedAt" timestamptz, "endedAt" timestamptz)`,
      [JSON.stringify(priced)],
    );
    expect(answer.map(({ tier, micro_usd }) => [tier, Number(micro_usd) / 1e6])).toEqual(
      ours.map(({ Tier, Usd }) => [Tier, Usd]),
    );
  });

  test("a row keeps the prices of its start, and one of older code has list prices", async () => {
    const store = createStore(database);
    const prices = { ...listPrices, Of: "2026-11-01", HD: 1 };
    const { taskId } = await runningIngest(store, { prices });
    expect((await store.ingests.read(taskId))?.prices).toEqual(prices);
    const { prices: _prices, ...older } = newIngest();
    await store.ingests.beginStart({ ...older, prices: listPrices });
    await database.query("update ingest set prices = default where task_id = $1", [older.taskId]);
    expect((await store.ingests.read(older.taskId))?.prices).toEqual(listPrices);
  });
});
