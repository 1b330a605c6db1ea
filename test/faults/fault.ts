/** A deliberate one-line fault, and the suites that must notice it. */
import { readFileSync } from "node:fs";

export interface Fault {
  file: string;
  /** Occurs once in the file. */
  find: string;
  replace: string;
  /** Names of suites, as in `store-fences` for test/store/fences.test.ts. */
  suites: readonly string[];
}

export const readFaults = (list: string): Fault[] =>
  JSON.parse(readFileSync(list, "utf8")) as Fault[];

/** Throws where the text is not there exactly once: the fault would be another one, or none. */
export function withFault(source: string, { file, find, replace }: Fault): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} does not hold exactly once: ${find}`);
  }
  return `${before}${replace}${after}`;
}
