/** The steps of a day follow each other, so one that failed ends the day. */
import { test } from "@jest/globals";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import type { Day } from "./world.js";

export type Step = (name: string, work: () => Promise<void>) => void;

export function daySteps(): Step {
  let hasFailed = false;
  return (name, work) => {
    test(
      name,
      async () => {
        if (hasFailed) throw new Error("an earlier step failed");
        hasFailed = true;
        await work();
        hasFailed = false;
      },
      3 * MINUTE_MS,
    );
  };
}

/** Health knows the interval of advance-ingests after two of its runs. */
export async function untilTimerRan({ database }: Day): Promise<void> {
  const read = () =>
    database.query("select 1 from timer_run where function = 'advance-ingests' and gap_ms < 25000");
  const giveUpMs = clock.elapsedMs() + 90 * SECOND_MS;
  while ((await read()).length === 0 && clock.elapsedMs() < giveUpMs) await clock.sleep(200);
}
