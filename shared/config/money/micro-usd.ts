/** Money as whole micro-USD, so that no sum depends on the order of its parts. */

export const MICRO_USD = 1_000_000;

/** USD for 1,000 minutes, as micro-USD for one minute. A price has at most three decimals. */
export const microUsdPerMinute = (usdPer1000Minutes: number): number =>
  Math.round(usdPer1000Minutes * 1000);

/** False for a price that is no whole number of micro-USD for one minute. */
export const hasWholePrice = (usdPer1000Minutes: number): boolean =>
  Math.abs(usdPer1000Minutes * 1000 - Math.round(usdPer1000Minutes * 1000)) < 1e-6;

/** A double holds every amount of these to the micro-USD. */
export const usdOf = (microUsd: number): number => microUsd / MICRO_USD;
