/** Assertions that report the expected and the actual value. */
import { isDeepStrictEqual } from "node:util";

export class RehearsalError extends Error {
  override readonly name = "RehearsalError";
}

export function expectThat(holds: boolean, fault: string): void {
  if (!holds) throw new RehearsalError(fault);
}

export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const fault = `${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
  expectThat(isDeepStrictEqual(actual, expected), fault);
}

/**
 * Everything in `expected` must be present. `"*"` matches anything that is present. A function's
 * answer carries its body as text. So a text is read as JSON where an object is expected.
 */
export function expectWithin(what: string, actual: unknown, expected: unknown): void {
  if (expected === "*") {
    expectThat(actual !== undefined && actual !== null, `${what} is missing`);
    return;
  }
  if (typeof expected !== "object" || expected === null) {
    expectEqual(what, actual, expected);
    return;
  }
  const read: unknown = typeof actual === "string" ? JSON.parse(actual) : actual;
  expectThat(
    typeof read === "object" && read !== null,
    `${what}: expected an object, got ${JSON.stringify(actual)}`,
  );
  for (const [key, value] of Object.entries(expected)) {
    expectWithin(`${what}.${key}`, (read as Record<string, unknown>)[key], value);
  }
}
