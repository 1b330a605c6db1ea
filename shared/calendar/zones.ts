/** The time zone data that planning works with. A test can give it other data. */
import { tzVersion } from "./tz-version.js";
import { type Zone, zoneOf } from "./zone.js";

export interface Zones {
  /** As text, a newer one is greater. */
  version: string;
  /** Throws a RangeError for an unknown name. */
  zoneOf: (name: string) => Zone;
}

/** The data of the runtime. */
export const RUNTIME_ZONES: Zones = { version: tzVersion(), zoneOf };
