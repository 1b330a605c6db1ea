/** The whole house on a clock that a test moves: what takes days takes no time. */
import type { Environment } from "../../shared/config.js";
import type { Services } from "../../shared/ingest/services.js";
import type { Database } from "../../shared/store/database.js";
import { type House, openHouse, type TrtcHandle } from "./house.js";
import { countedBy, type ManualClock, manualClock } from "./manual-clock.js";

export interface TimedHouse {
  clock: ManualClock;
  house: House;
  trtc: TrtcHandle;
  /** For use cases that are called directly: time waits for their queries and calls. */
  services: Services;
}

export async function openTimedHouse(
  of: { database?: Database; env?: Environment; timers?: boolean } = {},
): Promise<TimedHouse> {
  const clock = manualClock();
  const house = await openHouse({
    ...of,
    clock,
    seen: (services) => ({
      ...services,
      store: countedBy(clock, services.store),
      trtc: countedBy(clock, services.trtc),
    }),
    // The emulator counts calls by the time that really passes, and here none does.
    emulator: { switches: { callsPerSecond: 100_000 } },
    env: { EXPIRY_TICK_SECONDS: "60", TRTC_TIMEOUT_SECONDS: "2", ...of.env },
  });
  return { clock, house, trtc: house.trtc, services: house.services };
}
