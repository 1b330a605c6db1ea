/** The simulator finds each of these deliberate bugs within a few years of schedules. */
import { expect, test } from "@jest/globals";
import { SCHEDULE_BUGS } from "./bugs.js";
import { simulateYear } from "./year.js";

/** A search begins at a year that is known to find the bug. Other ones begin at year 1. */
const FIRST_YEARS: Readonly<Record<string, number>> = {
  "plans with the old time zone data": 2,
  "occurrences do not look at their room": 3,
};

const YEARS = 3;

test.each(Object.entries(SCHEDULE_BUGS))(
  "%s",
  async (name, patch) => {
    const first = FIRST_YEARS[name] ?? 1;
    let check: string | undefined;
    for (let seed = first; seed < first + YEARS && check === undefined; seed += 1) {
      check = (await simulateYear({ seed, patch })).violation?.check;
    }
    expect(check).toMatch(/^schedules: /);
  },
  120_000,
);
