/** Time in the browser, which shared/clock.ts cannot give: the only file of the pages that reads it. */

/** Milliseconds that only ever grow. */
export const elapsedMs = (): number => performance.now();

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** A hidden page is slowed down by its browser, to once a second; nothing here minds. */
export const every = (ms: number, run: () => void): number => setInterval(run, ms);
