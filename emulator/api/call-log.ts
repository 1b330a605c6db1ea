/** Counts the calls of each account and action, and decides which are throttled. */
import { makeRateWindow, type RateWindow } from "./rate-window.js";

export interface CallCounts {
  /** A SecretId. */
  account: string;
  action: string;
  /** All calls that the account signed, including throttled ones. */
  calls: number;
  throttled: number;
  mostInOneSecond: number;
}

export interface CallLog {
  admit(call: { account: string; action: string; atMs: number; limit: number }): boolean;
  counts(): CallCounts[];
}

export function makeCallLog(): CallLog {
  const accounts = new Map<string, Map<string, RateWindow>>();

  function windowOf(account: string, action: string): RateWindow {
    const windows = accounts.get(account) ?? new Map<string, RateWindow>();
    accounts.set(account, windows);
    const window = windows.get(action) ?? makeRateWindow();
    windows.set(action, window);
    return window;
  }

  return {
    admit: ({ account, action, atMs, limit }) => windowOf(account, action).admit(atMs, limit),
    counts: () =>
      [...accounts].flatMap(([account, windows]) =>
        [...windows].map(([action, window]) => ({
          account,
          action,
          calls: window.calls(),
          throttled: window.throttled(),
          mostInOneSecond: window.mostInOneSecond(),
        })),
      ),
  };
}
