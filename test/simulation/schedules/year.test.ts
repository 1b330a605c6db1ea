/** A year of schedules keeps the promises of docs/schedules.md, whatever fails. */
import { expect, test } from "@jest/globals";
import { failureText } from "../report.js";
import { simulateYear } from "./year.js";

test.each(Array.from({ length: 6 }, (_, index) => index + 1))(
  "year %i",
  async (seed) => {
    const verdict = await simulateYear({ seed });
    expect(failureText(verdict, { store: "model", schedules: true })).toBe("");
  },
  60_000,
);
