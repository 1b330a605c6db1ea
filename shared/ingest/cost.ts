/**
 * What an ingest costs, by the prices of its start and the size of its source as it is known now. A
 * pure function of the row. The database computes the same for sums (migration 20).
 *
 * TRTC adds the seconds of a day and rounds that sum up to a minute; we count milliseconds. An
 * amount of micro-USD is rounded up once, here and there.
 */
import { MINUTE_MS } from "../clock.js";
import { usdOf } from "../config/money/micro-usd.js";
import type { SourceMedia } from "../contract/answers.js";
import type { Cost, CostTier } from "../contract/cost.js";
import type { Prices, Tier } from "../contract/tiers.js";
import type { Ingest } from "../store/ingests/ingest-row.js";

export type Billed = Pick<
  Ingest,
  "prices" | "media" | "createdAt" | "startsAt" | "startedAt" | "deadlineAt" | "endedAt"
>;

/** The tier of a source of unknown size. TRTC documents nothing greater. */
const GREATEST: Tier = "FullHD";

/** The greatest sides of each tier, in pixels. */
const SIZES: readonly [tier: Tier, long: number, short: number][] = [
  ["HD", 1280, 720],
  ["FullHD", 1920, 1080],
  ["2K", 2560, 1440],
];

export function costOf(ingest: Billed, now: Date): Cost {
  const { prices, media, startedAt, endedAt } = ingest;
  const tier = tierOf(media);
  const rate = perMinute(prices, media);
  const playedMs = startedAt === null ? 0 : msBetween(startedAt, endedAt ?? now);
  const wholeMs = endedAt === null ? Math.max(playedMs, plannedMs(ingest)) : playedMs;
  return {
    Usd: usdOf(microUsd(playedMs, rate)),
    UsdToDeadline: usdOf(microUsd(wholeMs, rate)),
    Minutes: minutesOf(playedMs),
    Tier: tier,
    PricesOf: prices.Of,
  };
}

/** Micro-USD for one minute. */
export function perMinute(prices: Prices, media: SourceMedia | null): number {
  const tier = tierOf(media);
  return prices[tier === "Unknown" ? GREATEST : tier];
}

const plannedMs = ({ createdAt, startsAt, startedAt, deadlineAt }: Billed): number =>
  msBetween(startedAt ?? startsAt ?? createdAt, deadlineAt);

const msBetween = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime());

/** Minutes, rounded up to a hundredth. */
export const minutesOf = (ms: number): number => Math.ceil((ms / MINUTE_MS) * 100) / 100;

/** Exact: the product may be greater than a number holds. */
export const microUsd = (ms: number, rate: number): number => {
  const minuteMs = BigInt(MINUTE_MS);
  return Number((BigInt(ms) * BigInt(rate) + minuteMs - 1n) / minuteMs);
};

/** Either way up: a picture of 720 x 1280 is HD. */
export function tierOf(media: SourceMedia | null): CostTier {
  if (media === null) return "Unknown";
  if (media.Video === null) return "Audio";
  const { Width, Height } = media.Video;
  if (Width === null || Height === null) return "Unknown";
  const [long, short] = [Math.max(Width, Height), Math.min(Width, Height)];
  const fitting = SIZES.find(([, longMax, shortMax]) => long <= longMax && short <= shortMax);
  return fitting?.[0] ?? "4K";
}
