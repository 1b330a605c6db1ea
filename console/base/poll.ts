/**
 * Loads a page's data again and again. A failure is tried again later and later. A hidden tab
 * rests, and is brought up to date when it is seen.
 */
import { CallError } from "../service/call.js";
import { onChangeElsewhere } from "../service/tabs.js";
import { after, elapsedMs, SECOND_MS } from "../clock.js";

export interface PollState {
  /** When the shown data arrived, in elapsed milliseconds. Absent: none has arrived. */
  loadedMs?: number;
  /** Why the last attempt failed. Absent: it succeeded. */
  error?: CallError;
  /** When the next attempt follows. */
  nextMs?: number;
  isLoading: boolean;
}

export interface Poll {
  refresh: () => void;
  /** As refresh. The person asks for it. */
  ask: () => void;
  stop: () => void;
}

export interface PollOptions<T> {
  everyMs: number;
  /** `isAsked`: the person asks for it, and may get an answer that costs more. */
  load: (isAsked: boolean) => Promise<T>;
  onValue: (value: T) => void;
  onState: (state: PollState) => void;
}

const BACK_OFF_MAX_MS = 60 * SECOND_MS;

const backOffMs = (failures: number): number =>
  Math.min(BACK_OFF_MAX_MS, 2 ** failures * SECOND_MS);

export function startPoll<T>({ everyMs, load, onValue, onState }: PollOptions<T>): Poll {
  let state: PollState = { isLoading: false };
  let failures = 0;
  const ending = new AbortController();
  const isOver = (): boolean => ending.signal.aborted;
  let isDueAgain = false;
  let isAsked = false;
  let cancel: () => void = () => undefined;
  const show = (next: PollState): void => {
    state = next;
    onState(state);
  };

  async function attempt(): Promise<void> {
    if (isOver()) return;
    if (state.isLoading) {
      isDueAgain = true;
      return;
    }
    cancel();
    show({ ...state, isLoading: true });
    const loading = load(isAsked);
    isAsked = false;
    try {
      const value = await loading;
      if (isOver()) return;
      failures = 0;
      onValue(value);
      plan(everyMs, { loadedMs: elapsedMs(), isLoading: false });
    } catch (thrown) {
      if (isOver()) return;
      failures += 1;
      const error = CallError.from(thrown);
      const kept = state.loadedMs === undefined ? {} : { loadedMs: state.loadedMs };
      plan(backOffMs(failures), { ...kept, error, isLoading: false });
    }
  }

  function plan(inMs: number, next: PollState): void {
    // A change during the load, such as a new filter, is not in its answer.
    const waitMs = isDueAgain ? 0 : inMs;
    isDueAgain = false;
    show({ ...next, nextMs: elapsedMs() + waitMs });
    cancel = after(waitMs, () => {
      if (document.visibilityState === "visible") refresh();
    });
  }

  const refresh = (): void => {
    attempt().catch(() => undefined);
  };
  const onVisible = (): void => {
    if (document.visibilityState === "visible") refresh();
  };
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("online", refresh);
  const leaveTabs = onChangeElsewhere(refresh);
  refresh();
  return {
    refresh,
    ask() {
      isAsked = true;
      refresh();
    },
    stop() {
      ending.abort();
      cancel();
      leaveTabs();
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("online", refresh);
    },
  };
}
