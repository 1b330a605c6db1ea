/**
 * So many at once, and the others in the order in which they came. A receiver that never answers
 * holds a few connections open, not one for each event of a thousand tasks.
 */
export interface Turns {
  /** Waits for its turn, and gives it back when the work is over. */
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
