/**
 * Completes a start after a crash or a lost answer. It removes the robot from the room and starts
 * it again. This ends any task of the earlier attempt, and leaves one robot with a known TaskId.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import { errorRow } from "../../contract/error-table.js";
import { isAway } from "../../store/engine/unavailable.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { apiErrorOf, TrtcError } from "../../trtc/trtc-error.js";
import { deadlineAgain, isPastCap } from "../lifecycle.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import { giveBack, throughOutage } from "../outage.js";
import { isRepeatable } from "./plan-start.js";
import { playInRoom } from "./play-in-room.js";
import { retryLater } from "./attempts.js";
import { isListOver } from "./scheduled-start.js";
import { removeRobot } from "../stop/evict-robot.js";
import type { Services } from "../services.js";
import { heldMs } from "../timing.js";
import { slotWaitMaxMs } from "../trtc-call.js";

/** A caller no longer expects the stream this long after its request. */
const GIVEN_UP_AFTER_MS = 10 * MINUTE_MS;

/** The pause between two attempts, by runs or by a caller's retry. */
const RETRY_MS = 5 * SECOND_MS;

/** TRTC reports the removed robot as present. It may still be leaving the room. */
const STILL_THERE = "FailedOperation.TaskExist";

/**
 * Returns the row as it is after the call: running, ended, or still starting with a later attempt.
 * Throws errors of the database.
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
    if (isListOver(claimed, now)) return await finish(services, claimed);
    if (isUnwanted(claimed, now)) return await giveUp(services, claimed);
    return await startAgain(services, claimed, leftMs);
  } catch (error) {
    if (isAway(error)) await giveBack(services, claimed, leftMs);
    logTrtcFailure(services, claimed, error);
    await throughOutage(services, leftMs, () =>
      store.ingests.release({ taskId, fence, retryAt: addMs(clock.now(), RETRY_MS) }),
    );
    return asItIs(services, claimed);
  }
}

/** Throws TrtcError when a later attempt may work, or when this one may have worked. */
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
  const slot = await store.slots.take({ account, callerId, action, waitMaxMs });
  const deadlineFrom = (startedAt: Date) => deadlineAgain(startedAt, claimed);
  try {
    const attempt = { ingest: claimed, slot, application, deadlineFrom, timeLeftMs };
    return await playInRoom(services, attempt);
  } catch (error) {
    if (!(error instanceof TrtcError) || !isFinal(error)) throw error;
    if (claimed.startBy === null) {
      const { code, message } = error;
      await store.ingests.markFailed({
        taskId,
        fence,
        code,
        message,
        retry: false,
        at: clock.now(),
      });
    } else {
      await retryLater(services, claimed, { refusal: apiErrorOf(error), timeLeftMs });
    }
    return asItIs(services, claimed);
  }
}

const isFinal = ({ code, outcome }: TrtcError): boolean =>
  outcome === "refused" && !errorRow(code).retry && code !== STILL_THERE;

/**
 * The caller of a start without a ClientToken got an error or no answer. It cannot send the same
 * start again. Its next request is another ingest, so resuming this one would make two robots. A
 * scheduled start is ours to send again.
 */
function isUnwanted(ingest: Ingest, now: Date): boolean {
  const { stopAskedAt, deadlineAt, createdAt, clientToken, startBy } = ingest;
  if (stopAskedAt !== null || deadlineAt.getTime() <= now.getTime()) return true;
  if (startBy !== null) return startBy.getTime() <= now.getTime();
  return !isRepeatable(clientToken) || createdAt.getTime() + GIVEN_UP_AFTER_MS <= now.getTime();
}

/** The last item of its list ended while no answer came. */
async function finish({ store, clock }: Services, claimed: Ingest): Promise<Ingest> {
  const { taskId, fence, stopAskedAt } = claimed;
  const reason = stopAskedAt === null ? "finished" : "stopped";
  await store.ingests.markEnded({ taskId, fence, reason, at: clock.now() });
  return asItIs({ store }, claimed);
}

/** Ends the row as stopped or failed. Its task no longer plays, and no attempt follows. */
async function giveUp({ store, clock }: Services, claimed: Ingest): Promise<Ingest> {
  const { taskId, fence } = claimed;
  const at = clock.now();
  if (claimed.stopAskedAt !== null) {
    await store.ingests.markEnded({ taskId, fence, reason: "stopped", at });
  } else {
    await store.ingests.markFailed({ taskId, fence, ...givenUp(claimed), retry: false, at });
  }
  return asItIs({ store }, claimed);
}

const asItIs = async ({ store }: Pick<Services, "store">, ingest: Ingest): Promise<Ingest> =>
  (await store.ingests.read(ingest.taskId)) ?? ingest;

const givenUp = ({ clientToken }: Ingest) => ({
  cause: "start-given-up" as const,
  code: "FailedOperation",
  message: `TRTC did not answer in time whether the stream plays, so the start was taken back: ${
    isRepeatable(clientToken) ? "send it again with a new ClientToken." : "send it again."
  }`,
});
