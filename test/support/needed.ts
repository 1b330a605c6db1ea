/**
 * Tests that need a program on this machine. Without it they are skipped, with a message. Where `CI`
 * is set they fail instead, because a message there is not read.
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
