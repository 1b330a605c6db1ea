/** Begins a stop, also when the answer of its statement is lost. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { BegunStop, StopCause } from "../../store/ingests/stops.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { heldMs, STOP_LEASE_MS } from "../timing.js";
import { slotWaitMaxMs } from "../trtc-call.js";

type Begun = BegunStop & { askedAt: Date };

/** Parameters of `beginStop` and `beginDueStop`: a slot that comes while the claim still holds. */
const stopTiming = (at: Date, timeLeftMs: () => number) => ({
  at,
  leaseMs: STOP_LEASE_MS,
  waitMaxMs: slotWaitMaxMs(Math.min(timeLeftMs(), STOP_LEASE_MS)),
});

/**
 * `undefined` when another instance holds the row, or when it does not run. A stop that may have been
 * written is taken over from ourselves. Otherwise its row would wait until the lease ends.
 */
export const beginStop = (
  { store, clock }: Pick<Services, "store" | "clock">,
  { taskId, fence }: Pick<Ingest, "taskId" | "fence">,
  { timeLeftMs, reason, cause }: StopCause & { timeLeftMs: () => number },
): Promise<Begun | undefined> =>
  throughOutage({ clock }, timeLeftMs, async (mayBeBegun) => {
    const askedAt = clock.now();
    const stop = { taskId, ...stopTiming(askedAt, timeLeftMs) };
    const own = mayBeBegun && (await store.ingests.beginDueStop({ ...stop, fence: fence + 1 }));
    const begun = own || (await store.ingests.beginStop({ ...stop, reason, cause }));
    return begun && { ...begun, askedAt };
  });

/** The same for a deadline, while the claim holds. */
export const beginDueStop = (
  { store, clock }: Pick<Services, "store" | "clock">,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<Begun | undefined> =>
  throughOutage({ clock }, heldMs({ clock }, claimed, timeLeftMs), async (mayBeBegun) => {
    const { taskId, fence } = claimed;
    const askedAt = clock.now();
    const stop = { taskId, ...stopTiming(askedAt, timeLeftMs) };
    const own = mayBeBegun && (await store.ingests.beginDueStop({ ...stop, fence: fence + 1 }));
    const begun = own || (await store.ingests.beginDueStop({ ...stop, fence }));
    return begun && { ...begun, askedAt };
  });
