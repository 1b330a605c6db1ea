/** The simulator finds each of these deliberate bugs within a few years of schedules. */
import { expect, test } from "@jest/globals";
import { SCHEDULE_BUGS } from "./bugs.js";
import { simulateYear } from "./year.js";

const YEARS = 12;

test.each(Object.entries(SCHEDULE_BUGS))(
  "%s",
  async (_, patch) => {
    let check: string | undefined;
    for (let seed = 1; seed <= YEARS && check === undefined; seed += 1) {
      check = (await simulateYear({ seed, patch })).violation?.check;
    }
    expect(check).toMatch(/^schedules: /);
  },
  600_000,
);
