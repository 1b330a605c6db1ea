/**
 * Handles tasks that TRTC reported and no ingest owns, after any start's answer must have arrived.
 * Such a task comes from a start with a lost answer, or from another program of the application. We
 * count these tasks. We stop them only when the operator confirms that no other program starts
 * tasks.
 */
import { addMs, DAY_MS, MINUTE_MS } from "../../clock.js";
import { ingestsOfTasks } from "../../store/ingests/reads.js";
import type { TaskKey } from "../../store/room-events/events.js";
import { UNCLAIMED_AFTER_MS } from "../../store/room-events/unclaimed.js";
import { TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import { findPlace } from "../places/find-place.js";
import type { Services } from "../services.js";
import { callInNextSlot, saysGone } from "../trtc-call.js";

/** A later run repeats a failed stop after this time. */
const ASK_AGAIN_MS = MINUTE_MS / 2;

/** The most stops in one run. They run one after the other, since no caller waits for them. */
const BATCH_MAX = 20;

/** We ignore older events, so no event of a task that ended before can arrive. */
const ENDED_KEPT_MS = 15 * MINUTE_MS;

/** A day more than the longest ingest. */
const SEEN_KEPT_MS = 8 * DAY_MS;

export interface UnclaimedCounts {
  /** Tasks that play and that no ingest owns. */
  unclaimed: number;
  unclaimedStopped: number;
}

export async function reconcileUnclaimed(
  services: Services,
  { hasTime, timeLeftMs }: { hasTime: () => boolean; timeLeftMs: () => number },
): Promise<UnclaimedCounts> {
  const { store, clock, config } = services;
  const at = clock.now();
  const seenBefore = addMs(at, -UNCLAIMED_AFTER_MS);
  await store.unclaimedTasks.adopt();
  const counts = { unclaimed: await store.unclaimedTasks.count(seenBefore), unclaimedStopped: 0 };
  if (config.stopUnclaimed) {
    const askedBefore = addMs(at, -ASK_AGAIN_MS);
    const tasks = await store.unclaimedTasks.take({
      at,
      seenBefore,
      askedBefore,
      limit: BATCH_MAX,
    });
    for (const task of tasks) {
      if (!hasTime()) break;
      if (await stopUnclaimed(services, task, timeLeftMs)) counts.unclaimedStopped += 1;
    }
  }
  const endedBefore = addMs(at, -ENDED_KEPT_MS);
  const keptSince = addMs(at, -SEEN_KEPT_MS);
  await store.unclaimedTasks.forget({ endedBefore, seenBefore: keptSince });
  await store.audience.forget({ leftBefore: endedBefore, seenBefore: keptSince });
  return counts;
}

async function stopUnclaimed(
  services: Services,
  { sdkAppId, trtcTaskId }: TaskKey,
  timeLeftMs: () => number,
): Promise<boolean> {
  const { store, clock, config, log } = services;
  const application = config.applications.get(sdkAppId);
  if (!application) return false;
  const { Account: account, Site: site, Region: region } = application;
  const ingest = { account, site, region };
  const request = { SdkAppId: sdkAppId, TaskId: trtcTaskId };
  if (await isElsewhere(services, account, trtcTaskId)) return false;
  const what = `unclaimed task ${trtcTaskId} of application ${sdkAppId}`;
  try {
    await callInNextSlot(services, "StopStreamIngest", { ingest, request, timeLeftMs });
    log({ level: "warn", outcome: "ok", detail: `stopped: ${what}` });
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    if (!saysGone(error)) {
      const detail = `not stopped: ${what}: ${withoutQueries(error.message)}`;
      log({ level: "warn", outcome: error.code, detail });
      return false;
    }
  }
  await store.unclaimedTasks.end({ sdkAppId, trtcTaskId, at: clock.now() });
  return true;
}

/** While an account moves, its ingest may be in another database than the event of its task. */
async function isElsewhere(
  { places, store }: Services,
  account: string,
  trtcTaskId: string,
): Promise<boolean> {
  const others = places?.of(account).filter((other) => other !== store) ?? [];
  const owner = await findPlace(others, (other) =>
    other.health.read((query) => ingestsOfTasks(query, [trtcTaskId])),
  );
  return owner !== undefined;
}
