/**
 * Time in the browser, where shared/clock.ts is not available. No other file of the pages reads the
 * time.
 */

/** Milliseconds that never go back. */
export const elapsedMs = (): number => performance.now();

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** A browser slows a hidden page down to one call a second. The page allows for that. */
export const every = (ms: number, run: () => void): number => setInterval(run, ms);
