/**
 * Two versions of the time zone data. The newer one has other rules for one zone: from one of its
 * changes on, it keeps the offset of before. So a government ends daylight saving.
 */
import { type Span, Zone, zoneOf } from "../../../../shared/calendar/zone.js";
import type { Zones } from "../../../../shared/calendar/zones.js";

export interface ZoneChange {
  name: string;
  /** The change of the offset that no longer comes. */
  fromMs: number;
}

export const OLD = "2026a";
export const NEW = "2026b";

export const oldZones: Zones = { version: OLD, zoneOf };

export function newZones({ name, fromMs }: ZoneChange): Zones {
  const before = zoneOf(name).spanAt(fromMs - 1);
  const readSpan = (at: number): Span =>
    at < before.from ? zoneOf(name).spanAt(at) : { ...before, to: Infinity };
  const changed = new Zone(readSpan);
  return { version: NEW, zoneOf: (other) => (other === name ? changed : zoneOf(other)) };
}
