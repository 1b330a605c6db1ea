/** Limits for the size of an event. We check them before we read the event. */
import { UnknownEventError } from "./unknown-event.js";

/** SCF and Lambda hand over 6 MB at most. */
const TEXT_MAX = 8 * 1024 * 1024;
const DEPTH_MAX = 32;
const VALUES_MAX = 500_000;

/** Throws UnknownEventError. It uses no recursion, because it measures depth. */
export function checkBounds(event: unknown): void {
  const left: [value: unknown, depth: number][] = [[event, 0]];
  let values = 0;
  let text = 0;
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [value, depth] = next;
    if (typeof value === "string") text += value.length;
    values += 1;
    if (depth > DEPTH_MAX) throw new UnknownEventError(`lies deeper than ${DEPTH_MAX} levels`);
    if (values > VALUES_MAX) throw new UnknownEventError(`has more than ${VALUES_MAX} values`);
    if (text > TEXT_MAX) throw new UnknownEventError("is larger than 8 MB");
    if (typeof value !== "object" || value === null) continue;
    for (const [name, inner] of Object.entries(value)) {
      text += name.length;
      left.push([inner, depth + 1]);
    }
  }
}
