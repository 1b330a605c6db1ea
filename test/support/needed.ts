/**
 * Tests that need a program of the machine's: skipped where it is not there, and that is said; where
 * `CI` is set they fail instead, since nobody reads what is said there.
 */
import { describe, test } from "@jest/globals";

/** `program`: what to install, and how. */
export function describeWith(
  { isThere, program }: { isThere: boolean; program: string },
  name: string,
  body: () => void,
): void {
  if (isThere) {
    describe(name, body);
    return;
  }
  const missing = `NOT TESTED, because ${program} is not installed: ${name}`;
  if (isCi()) {
    test(name, () => {
      throw new Error(missing);
    });
    return;
  }
  process.stderr.write(`\n${missing}\n\n`);
  describe.skip(name, body);
}

const isCi = (): boolean => (process.env["CI"] ?? "") !== "";
