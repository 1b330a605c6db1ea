/**
 * Converts the database's time to the instance's time. A slot is an instant of the database's
 * clock, and each answer carries the database's time. The answer with the least delay shows the
 * difference of the clocks best, so the smallest recent difference counts.
 */
export interface Slot {
  /** Milliseconds until the slot's instant; negative when it is past. */
  msUntil: () => number;
  /** Other callers are next: at this instant the caller asks for a slot again, and does not call. */
  isToAskAgain?: true;
}

export type SlotReader = (times: { slotMs: number; databaseNowMs: number }) => Slot;

/** Clocks drift and databases fail over, so older differences do not count. */
const FORGET_AFTER_MS = 5000;

export function makeSlotReader(elapsedMs: () => number): SlotReader {
  // The minimum over two spans of time, which are the last 5 to 10 seconds.
  let spanStartMs = Number.NEGATIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  let current = Number.POSITIVE_INFINITY;

  return ({ slotMs, databaseNowMs }) => {
    const receivedMs = elapsedMs();
    if (receivedMs - spanStartMs > FORGET_AFTER_MS) {
      const isRecent = receivedMs - spanStartMs < 2 * FORGET_AFTER_MS;
      before = isRecent ? current : Number.POSITIVE_INFINITY;
      current = Number.POSITIVE_INFINITY;
      spanStartMs = receivedMs;
    }
    current = Math.min(current, receivedMs - databaseNowMs);
    let best = Math.min(before, current);
    return {
      msUntil() {
        // A better answer may have arrived since. After a freeze, only worse answers may be left.
        best = Math.min(best, before, current);
        return slotMs + best - elapsedMs();
      },
    };
  };
}
