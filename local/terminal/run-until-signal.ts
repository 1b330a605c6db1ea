/**
 * Resolves at the first SIGINT or SIGTERM; at a second one the process ends at once. To be called
 * before `ready` is said: whoever waits for that may send a signal in the same moment.
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
