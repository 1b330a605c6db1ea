/**
 * fast-check with one seed for all suites: a run that fails shows what its change did, and fails
 * again. `SEED=random npm run jest -- …` draws other cases, and `SEED=…` those of a failure.
 */
import fc from "fast-check";

const SEED = process.env["SEED"] ?? "20261130";

if (SEED !== "random") fc.configureGlobal({ seed: Number(SEED) });

export default fc;

const isTenth = process.env["TEST_CASES"] === "tenth";

/** How many random cases a property meets: all by default, and a tenth in `npm test`. */
export const cases = (all: number): number => (isTenth ? Math.ceil(all / 10) : all);
