/** Runs all checks at once, so that a slow check delays no other. */
import { checkDatabases } from "./database.js";
import { checkFunctions } from "./functions.js";
import { checkExposure } from "./exposure.js";
import { checkLocalRun } from "./local-run.js";
import type { Row } from "../../shared/health/row.js";
import { checkSchedule } from "./schedule.js";
import type { Subject } from "./subject.js";
import { checkTrtc } from "./trtc.js";
import { checkUserSigs } from "./user-sigs.js";
import { checkVariables } from "./variables.js";

/** In the order of the report. */
const CHECKS: readonly ((subject: Subject) => Row[] | Promise<Row[]>)[] = [
  checkVariables,
  checkExposure,
  checkUserSigs,
  checkSchedule,
  checkDatabases,
  checkTrtc,
  checkFunctions,
  checkLocalRun,
];

export async function examine(
  subject: Subject,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<Row[]> {
  let done = 0;
  const families = await Promise.all(
    CHECKS.map(async (check) => {
      const rows = await check(subject);
      done += 1;
      onProgress(done, CHECKS.length);
      return rows;
    }),
  );
  return families.flat();
}
