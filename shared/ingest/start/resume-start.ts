/**
 * Drives a start to completion that a crash or a lost answer left behind. Its robot is taken out of
 * the room and put in again: whatever the attempt before brought about is over then, and there is
 * one robot, whose task is known.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import { errorRow } from "../../contract/error-table.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { deadlineAgain, isPastCap } from "../lifecycle.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import { isRepeatable } from "./plan-start.js";
import { playInRoom } from "./play-in-room.js";
import { removeRobot } from "../stop/evict-robot.js";
import type { Services } from "../services.js";
import { heldMs } from "../timing.js";
import { slotWaitMaxMs } from "../trtc-call.js";

/** Whoever wanted a stream now does not want it that much later, unasked. */
const GIVEN_UP_AFTER_MS = 10 * MINUTE_MS;

/** Between two attempts of one run, or of a run and a caller's retry. */
const RETRY_MS = 5 * SECOND_MS;

/** Says that the robot is there although it was removed: it may be on its way out. */
const STILL_THERE = "FailedOperation.TaskExist";

/**
 * The row as it is then: running, ended, or still starting and to be tried again. Throws what the
 * database throws.
 */
export async function resumeStart(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock } = services;
  const { taskId, fence } = claimed;
  const leftMs = heldMs(services, claimed, timeLeftMs);
  const now = clock.now();
  try {
    if (isPastCap(claimed, now)) return await giveUp(services, claimed);
    await removeRobot(services, claimed, leftMs);
    if (isUnwanted(claimed, now)) return await giveUp(services, claimed);
    return await startAgain(services, claimed, leftMs);
  } catch (error) {
    logTrtcFailure(services, claimed, error);
    await store.release({ taskId, fence, retryAt: addMs(clock.now(), RETRY_MS) });
    return asItIs(services, claimed);
  }
}

/** Throws TrtcError when the same may work later, or may have worked. */
async function startAgain(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock, config } = services;
  const { taskId, fence, account, callerId, sdkAppId } = claimed;
  const application = config.applications.get(sdkAppId);
  if (!application) return giveUp(services, claimed);
  const waitMaxMs = slotWaitMaxMs(timeLeftMs());
  const action = "StartStreamIngest";
  const slot = await store.takeSlot({ account, callerId, action, waitMaxMs });
  const deadlineFrom = (startedAt: Date) => deadlineAgain(startedAt, claimed);
  try {
    const attempt = { ingest: claimed, slot, application, deadlineFrom, timeLeftMs };
    return await playInRoom(services, attempt);
  } catch (error) {
    if (!(error instanceof TrtcError) || !isFinal(error)) throw error;
    const { code, message } = error;
    await store.markFailed({ taskId, fence, code, message, retry: false, at: clock.now() });
    return asItIs(services, claimed);
  }
}

const isFinal = ({ code, outcome }: TrtcError): boolean =>
  outcome === "refused" && !errorRow(code).retry && code !== STILL_THERE;

/**
 * A start without a ClientToken was answered with an error, if at all, and nobody can send it
 * again: its caller's next one is another ingest, so to start this one would make two robots.
 */
const isUnwanted = (
  { stopAskedAt, deadlineAt, createdAt, clientToken }: Ingest,
  now: Date,
): boolean =>
  stopAskedAt !== null ||
  !isRepeatable(clientToken) ||
  deadlineAt.getTime() <= now.getTime() ||
  createdAt.getTime() + GIVEN_UP_AFTER_MS <= now.getTime();

/** Nothing of it plays any more, and nothing is tried again. */
async function giveUp({ store, clock }: Services, claimed: Ingest): Promise<Ingest> {
  const { taskId, fence } = claimed;
  const at = clock.now();
  if (claimed.stopAskedAt !== null) {
    await store.markEnded({ taskId, fence, reason: "stopped", at });
  } else {
    await store.markFailed({ taskId, fence, ...givenUp(claimed), retry: false, at });
  }
  return asItIs({ store }, claimed);
}

const asItIs = async ({ store }: Pick<Services, "store">, ingest: Ingest): Promise<Ingest> =>
  (await store.readIngest(ingest.taskId)) ?? ingest;

const givenUp = ({ clientToken }: Ingest) => ({
  cause: "start-given-up" as const,
  code: "FailedOperation",
  message: `TRTC did not answer in time whether the stream plays, so the start was taken back: ${
    isRepeatable(clientToken) ? "send it again with a new ClientToken." : "send it again."
  }`,
});
