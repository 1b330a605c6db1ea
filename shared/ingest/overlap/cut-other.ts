/** Ends an occurrence that another one has beaten, where that one cannot take its task over. */
import { type Ingest, waitsToStart } from "../../store/ingests/ingest-row.js";
import type { Cut } from "../../store/schedules/schedule-row.js";
import type { Services } from "../services.js";
import { resumeStart } from "../start/resume-start.js";
import { stopNow } from "../stop/stop-now.js";
import { RESUME_LEASE_MS } from "../timing.js";
import { waitWhileStarting } from "../wait.js";

/**
 * True when it has ended. Otherwise it has changed since it was read, or its end takes longer: the
 * row then says that it is to end, and any run goes on.
 */
export async function cutOther(
  services: Services,
  { other, cut, timeLeftMs }: { other: Ingest; cut: Cut; timeLeftMs: () => number },
): Promise<boolean> {
  const { store, clock } = services;
  const { taskId } = other;
  const at = clock.now();
  if (waitsToStart(other)) {
    return (await store.scheduled.cancel({ taskId, at, cause: "cut", cut })) !== undefined;
  }
  const asked = await store.overlap.askCut({ taskId, at, cut });
  return asked ? endCut(services, asked, timeLeftMs) : false;
}

/** Carries out an end that its row asks for already. True when it has ended. */
export async function endCut(
  services: Services,
  asked: Ingest,
  timeLeftMs: () => number,
): Promise<boolean> {
  const { store, clock } = services;
  const seen = await waitWhileStarting(services, asked, timeLeftMs);
  const { taskId } = seen;
  if (seen.state === "starting") {
    const claim = { taskId, at: clock.now(), leaseMs: RESUME_LEASE_MS };
    const claimed = await store.ingests.claimStart(claim);
    // A start that is to end is given up: its robot is removed.
    if (claimed) await resumeStart(services, claimed, timeLeftMs);
  } else if (seen.state !== "ended") {
    await stopNow(services, seen, { timeLeftMs });
  }
  return (await store.ingests.read(taskId))?.state === "ended";
}
