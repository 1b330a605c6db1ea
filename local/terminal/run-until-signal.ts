/**
 * Resolves at the first SIGINT or SIGTERM. At a second signal the process ends at once. Call it
 * before printing `ready`, because a reader may send a signal right after that.
 */
export const runUntilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
