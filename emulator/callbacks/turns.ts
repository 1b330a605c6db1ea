/**
 * Runs a limited number of works at once, the others in order. A receiver that never answers then
 * holds a few connections, not one per event of a thousand tasks.
 */
export interface Turns {
  /** Waits for its turn and frees it after the work. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function makeTurns(atOnce: number): Turns {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
