/** The output of a rehearsal: one line per step, with its time. */
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { progressOn } from "../../local/terminal/progress.js";

export type Step = (what: string, work: () => Promise<string>) => Promise<void>;

/** `work` returns a note for the line. If it throws, the rehearsal ends. */
export function makeSteps(out: NodeJS.WriteStream): Step {
  const progress = progressOn(out, clock);
  return async (what, work) => {
    const startedMs = clock.elapsedMs();
    if (out.isTTY) progress.show(`      ${what}`);
    const note = await work();
    if (out.isTTY) progress.show("");
    const seconds = ((clock.elapsedMs() - startedMs) / SECOND_MS).toFixed(1);
    out.write(`ok    ${what.padEnd(44)} ${seconds.padStart(5)} s  ${note}`.trimEnd() + "\n");
  };
}
