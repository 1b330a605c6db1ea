/**
 * Virtual time. Planned events lie in one queue, by their instant. One event runs at a time, with
 * all its consequences that need no waiting, before the next one.
 */
export interface Timeline {
  /** The true time in milliseconds since 1970; no instance's clock shows it exactly. */
  nowMs: () => number;
  at: (atMs: number, happen: () => void | Promise<void>) => void;
  sleep: (ms: number) => Promise<void>;
  /**
   * Moves on until `isOver` says so, nothing is left, or `untilMs` is reached. An hour with more
   * events than `mostAnHour` never ends: the text says so.
   */
  run: (until: {
    untilMs: number;
    isOver: () => boolean;
    mostAnHour?: number;
  }) => Promise<string | undefined>;
}

const HOUR_MS = 3_600_000;

interface Happening {
  atMs: number;
  /** Events of one instant run in the order in which they were planned. */
  order: number;
  happen: () => void | Promise<void>;
}

export function makeTimeline(startMs: number): Timeline {
  const queue = makeHeap();
  let now = startMs;
  let planned = 0;

  const at: Timeline["at"] = (atMs, happen) => {
    queue.push({ atMs: Math.max(atMs, now), order: (planned += 1), happen });
  };

  return {
    nowMs: () => now,
    at,
    sleep: (ms) => new Promise((resolve) => at(now + ms, resolve)),
    async run({ untilMs, isOver, mostAnHour = Infinity }) {
      await everythingThatFollows();
      let [hour, events] = [0, 0];
      for (let next = queue.peek(); next && next.atMs <= untilMs; next = queue.peek()) {
        queue.pop();
        now = next.atMs;
        const hourNow = Math.floor(now / HOUR_MS);
        events = hourNow === hour ? events + 1 : 1;
        hour = hourNow;
        if (events > mostAnHour) {
          return `more than ${mostAnHour} events in the hour before ${new Date(now).toISOString()}`;
        }
        const done = next.happen();
        if (done) await done;
        await everythingThatFollows();
        if (isOver()) return undefined;
      }
      return undefined;
    },
  };
}

/** Node runs this callback only when no promise can continue. */
const everythingThatFollows = (): Promise<void> =>
  new Promise((resolve) => process.nextTick(resolve));

const isBefore = (a: Happening, b: Happening) =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A binary heap with the earliest event on top. */
function makeHeap() {
  const heap: Happening[] = [];
  const entry = (index: number) => heap[index] as Happening;

  function swap(one: number, other: number): void {
    const kept = entry(one);
    heap[one] = entry(other);
    heap[other] = kept;
  }

  function sink(): void {
    for (let parent = 0; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && isBefore(entry(child), entry(least))) least = child;
      }
      if (least === parent) return;
      swap(least, parent);
      parent = least;
    }
  }

  return {
    peek: () => heap[0],
    push(happening: Happening) {
      heap.push(happening);
      for (let child = heap.length - 1; child > 0;) {
        const parent = (child - 1) >> 1;
        if (!isBefore(entry(child), entry(parent))) return;
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      const last = heap.pop();
      if (!last || heap.length === 0) return;
      heap[0] = last;
      sink();
    },
  };
}
