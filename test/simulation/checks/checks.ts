/** The promises that every run checks, whatever its length. */
import type { Check } from "./facts.js";
import { INVARIANTS } from "./invariants.js";
import { LIVENESS } from "./liveness.js";
import { PROGRAMMES } from "./programmes.js";
import { SCHEDULED } from "./scheduled.js";
import { STRANGERS } from "./strangers.js";

export const CHECKS = (): Check[] => [
  ...INVARIANTS(),
  ...LIVENESS(),
  ...SCHEDULED(),
  ...STRANGERS(),
  ...PROGRAMMES(),
];
