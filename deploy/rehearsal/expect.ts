/** Assertions that report what was expected and what was there. */
import { isDeepStrictEqual } from "node:util";

export class Surprise extends Error {
  override readonly name = "Surprise";
}

export function expectThat(holds: boolean, surprise: string): void {
  if (!holds) throw new Surprise(surprise);
}

export function expectEqual(what: string, found: unknown, wanted: unknown): void {
  const shown = `${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
  expectThat(isDeepStrictEqual(found, wanted), shown);
}

/**
 * Everything in `wanted` must be present. `"*"` matches anything that is present. Where an object
 * is expected and a text was found, the text is read as JSON, because a function's answer carries
 * its body as text.
 */
export function expectWithin(what: string, found: unknown, wanted: unknown): void {
  if (wanted === "*") {
    expectThat(found !== undefined && found !== null, `${what} is missing`);
    return;
  }
  if (typeof wanted !== "object" || wanted === null) {
    expectEqual(what, found, wanted);
    return;
  }
  const read: unknown = typeof found === "string" ? JSON.parse(found) : found;
  expectThat(typeof read === "object" && read !== null, `${what} is ${JSON.stringify(found)}`);
  for (const [key, value] of Object.entries(wanted)) {
    expectWithin(`${what}.${key}`, (read as Record<string, unknown>)[key], value);
  }
}
