/**
 * Starts the successor of an ingest: a hidden row with a robot of its own, whose task is to take
 * over. It ends soon by itself, if it does not take over.
 */
import { addMs, MINUTE_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { newIngestIds } from "../ids.js";
import { deadlineAgain, earliest } from "../lifecycle.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import type { Services } from "../services.js";
import { playInRoom } from "../start/play-in-room.js";
import { heldMs, RESUME_LEASE_MS } from "../timing.js";
import { slotWaitMaxMs } from "../trtc-call.js";

/** A task that does not take over ends by then, also when only expire-ingests still runs. */
const LIFE_MS = MINUTE_MS;

/** `undefined`: no task plays. The successor that is returned runs, or may still start. */
export async function startSuccessor(
  services: Services,
  parent: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest | undefined> {
  const { store, clock, config } = services;
  const application = config.applications.get(parent.sdkAppId);
  if (!application) return undefined;
  const row = successorOf(services, parent);
  const begun = await store.ingests.beginStart({
    ...row,
    leaseMs: RESUME_LEASE_MS,
    waitMaxMs: slotWaitMaxMs(Math.min(timeLeftMs(), RESUME_LEASE_MS)),
  });
  if (begun.outcome !== "begun") return undefined;
  const { ingest, slot } = begun;
  const { taskId, fence } = ingest;
  try {
    return await playInRoom(services, {
      ingest,
      slot,
      application,
      // The row ends soon, and the task lives as long as the ingest needs it.
      deadlineFrom: (startedAt) => ({
        ...deadlineAgain(startedAt, parent),
        deadlineAt: row.deadlineAt,
      }),
      timeLeftMs: heldMs(services, ingest, timeLeftMs),
    });
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    logTrtcFailure(services, ingest, error);
    const { code, message, outcome } = error;
    if (outcome === "unknown") {
      // reconcile-ingests removes the robot and gives the start up: no ClientToken names it.
      await store.ingests.release({ taskId, fence, retryAt: clock.now() });
      return ingest;
    }
    const at = clock.now();
    await store.ingests.markFailed({ taskId, fence, code, message, retry: false, at });
    return undefined;
  }
}

/** It counts for no quota, sends no notification, and does not wait for viewers. */
function successorOf({ clock, randomBytes }: Services, parent: Ingest) {
  const now = clock.now();
  const { callerId, account, site, region, sdkAppId, roomId, roomIdType } = parent;
  return {
    ...newIngestIds(now, randomBytes),
    callerId,
    account,
    site,
    region,
    sdkAppId,
    roomId,
    roomIdType,
    play: parent.play,
    media: parent.media,
    prices: parent.prices,
    programme: parent.programme,
    onAir: parent.onAir,
    successorOf: parent.taskId,
    clientToken: null,
    requestHash: parent.requestHash,
    createdAt: now,
    deadlineAt: earliest(parent.deadlineAt, addMs(now, LIFE_MS)),
    latestAt: parent.latestAt,
    notify: false,
  };
}
