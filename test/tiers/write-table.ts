/** `npm run test:table`: writes the table of docs/testing.md, with the seconds of the last runs. */
import { readFileSync, writeFileSync } from "node:fs";
import { readOutcome, secondsIn } from "./outcome.js";
import { pageWithTable, TESTING_PAGE } from "./suites-table.js";
import type { Tier } from "./tiers.js";

const TIERS: readonly Tier[] = ["fast", "slow", "timed"];
const seconds = TIERS.flatMap((tier) => {
  const outcome = readOutcome(tier);
  return outcome ? [...secondsIn(outcome)] : [];
});
const page = readFileSync(TESTING_PAGE, "utf8");
writeFileSync(TESTING_PAGE, pageWithTable(page, new Map(seconds)));
