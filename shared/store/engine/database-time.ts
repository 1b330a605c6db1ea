/**
 * The database's clock, read on an instance's own. A slot is an instant of the database's clock;
 * what it is here follows from answers that carry the database's time: the one that was least
 * delayed on its way tells the difference best, so the smallest difference of late is taken.
 */
export interface Slot {
  /** Milliseconds until the slot's instant; negative when that is past. */
  msUntil: () => number;
  /** It is others' turn: then is when to ask for the slot again, and not when to call. */
  isToAskAgain?: true;
}

export type SlotReader = (times: { slotMs: number; databaseNowMs: number }) => Slot;

/** Clocks drift and databases fail over: what was seen longer ago than this counts no more. */
const FORGET_AFTER_MS = 5000;

export function makeSlotReader(elapsedMs: () => number): SlotReader {
  // Two spans of time, of which the older is dropped: a minimum over the last 5 to 10 seconds.
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
        // By then a better answer may have come; or worse ones, after a freeze, and the rest forgotten.
        best = Math.min(best, before, current);
        return slotMs + best - elapsedMs();
      },
    };
  };
}
