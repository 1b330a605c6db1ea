/** The simulator finds each of these deliberate bugs within a few years of schedules. */
import { expect, test } from "@jest/globals";
import { SCHEDULE_BUGS } from "./bugs.js";
import { simulateYear } from "./year.js";

/** A search begins at a year that is known to find the bug. Other ones begin at year 1. */
const FIRST_YEARS: Readonly<Record<string, number>> = {
  "an edit forgets the excluded dates": 2,
  "plans with the old time zone data": 2,
  "newer time zone data does not plan anew": 2,
  "the end of a window in a fold is the first pass": 4,
  "the loser of a takeover is not ended": 4,
  "occurrences do not look at their room": 2,
};

const YEARS = 3;

/** An exception or a year without an end would be no proof that a check finds the bug. */
const PROMISE = /^(schedules: |states only move forward)/;

test.each(Object.entries(SCHEDULE_BUGS))(
  "%s",
  async (name, patch) => {
    const first = FIRST_YEARS[name] ?? 1;
    let check: string | undefined;
    for (let seed = first; seed < first + YEARS && check === undefined; seed += 1) {
      check = (await simulateYear({ seed, patch })).violation?.check;
    }
    expect(check).toMatch(PROMISE);
  },
  120_000,
);
