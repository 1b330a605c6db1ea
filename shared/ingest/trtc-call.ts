/**
 * One call to TRTC for an ingest, in its slot. It goes to the region and account of the task. A
 * throttled call is repeated in a new slot: TRTC throttles before it acts.
 */
import { errorRow } from "../contract/error-table.js";
import { apiErrorOf, TrtcError } from "../trtc/trtc-error.js";
import { SECOND_MS } from "../clock.js";
import type { TrtcAction, TrtcCalls, TrtcTarget } from "../trtc/client.js";
import type { Slot } from "../store/engine/database-time.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { SITE_FACTS } from "../contract/sites.js";
import { throughOutage } from "./outage.js";
import type { Services } from "./services.js";
import { CALL_MIN_MS, CALL_RESERVE_MS, REPEATABLE_CALL_MIN_MS } from "./timing.js";

/**
 * A missed slot is lost. A late call would add to the calls of the next slots in the same second.
 * This delay and the network delay share the 100 ms of a slot.
 */
const LATE_MAX_MS = 25;

/**
 * The farthest slot that a function with this much time left may take. An update may end unanswered,
 * because it is done again. So it also leaves with little time, as a callback has.
 */
export const slotWaitMaxMs = (timeLeftMs: number, action?: TrtcAction): number =>
  timeLeftMs -
  CALL_RESERVE_MS -
  (action === "UpdateStreamIngest" ? REPEATABLE_CALL_MIN_MS : CALL_MIN_MS);

export interface CallInSlot<A extends TrtcAction> {
  ingest: Pick<Ingest, "account" | "site" | "region"> & Partial<Pick<Ingest, "callerId">>;
  request: TrtcCalls[A][0];
  /** The slot that is already taken. It is undefined when no slot was near enough. */
  slot: Slot | undefined;
  timeLeftMs: () => number;
}

/** Pauses between two queries for a turn. They grow, since other callers' calls come first. */
const ASK_AGAIN_MS = 50;
const ASK_AGAIN_MAX_MS = 1000;

interface Turn {
  account: string;
  callerId?: string | undefined;
  action: TrtcAction;
}

/** Waits for a database that is away. A slot that was granted without an answer stays unused. */
export const takeSlot = (
  { clock, store }: Pick<Services, "clock" | "store">,
  call: Turn & { isAgain?: boolean },
  timeLeftMs: () => number,
): Promise<Slot | undefined> =>
  throughOutage({ clock }, timeLeftMs, () =>
    store.slots.take({ ...call, waitMaxMs: slotWaitMaxMs(timeLeftMs(), call.action) }),
  );

/** Waits until the caller's turn. Returns `undefined` when the turn comes too late. */
export async function inTurn(
  services: Services,
  {
    call,
    firstSlot,
    timeLeftMs,
  }: {
    call: Turn;
    firstSlot: Slot | undefined;
    timeLeftMs: () => number;
  },
): Promise<Slot | undefined> {
  const { clock } = services;
  const { action } = call;
  let slot = firstSlot;
  for (let pauseMs = 0; slot?.isToAskAgain; pauseMs = Math.min(ASK_AGAIN_MAX_MS, pauseMs * 1.5)) {
    const waitMaxMs = slotWaitMaxMs(timeLeftMs(), action);
    if (slot.msUntil() > waitMaxMs) return undefined;
    await clock.sleep(Math.max(slot.msUntil(), pauseMs));
    slot = await takeSlot(services, { ...call, isAgain: true }, timeLeftMs);
    pauseMs = Math.max(pauseMs, ASK_AGAIN_MS);
  }
  return slot;
}

/** Throws TrtcError, with `RequestLimitExceeded` when no slot comes in time. */
export async function callInSlot<A extends TrtcAction>(
  services: Services,
  action: A,
  { ingest, request, slot: firstSlot, timeLeftMs }: CallInSlot<A>,
): Promise<TrtcCalls[A][1]> {
  const { clock, trtc } = services;
  const { account, callerId } = ingest;
  const target = targetOf(ingest);
  const call = { account, callerId, action };
  const nextSlot = async () => {
    const newSlot = await takeSlot(services, call, timeLeftMs);
    return inTurn(services, { call, firstSlot: newSlot, timeLeftMs });
  };
  let slot = await inTurn(services, { call, firstSlot, timeLeftMs });
  let throttled: unknown;
  for (;;) {
    if (!slot || slot.msUntil() > slotWaitMaxMs(timeLeftMs(), action)) throw noSlot(throttled);
    if (action === "StartStreamIngest" && !leavesSoon(slot)) {
      await clock.sleep(slot.msUntil() - CONNECT_AHEAD_MS);
      // One that is not used closes by itself.
      trtc.openAhead(target);
    }
    const waitMs = slot.msUntil();
    // Most slots are free at once, and a timer of 0 ms still takes a millisecond.
    if (waitMs > 0) await clock.sleep(waitMs);
    // The instance may have been frozen meanwhile. Another instance may now hold the claim.
    if (slotWaitMaxMs(timeLeftMs(), action) < -LATE_MAX_MS) throw noSlot(throttled);
    if (slot.msUntil() < -LATE_MAX_MS) {
      slot = await nextSlot();
      continue;
    }
    try {
      return await trtc.call(action, {
        target,
        request,
        timeLeftMs: timeLeftMs() - CALL_RESERVE_MS,
      });
    } catch (error) {
      if (!isThrottled(error)) throw error;
      throttled = error;
      slot = await nextSlot();
    }
  }
}

/** The connection of a start is opened so long before its slot. It counts as new for longer. */
const CONNECT_AHEAD_MS = SECOND_MS;

/** A connection that is opened now is still new in the slot. */
const leavesSoon = (slot: Slot | undefined): boolean =>
  slot !== undefined && slot.msUntil() <= CONNECT_AHEAD_MS;

/**
 * Opens the connection of a start while `begin` writes its row. Closes it again if the start does not
 * leave, or waits for its slot.
 */
export async function connectAhead<Begun extends { outcome: string; slot?: Slot | undefined }>(
  { trtc }: Services,
  ingest: Pick<Ingest, "account" | "site" | "region">,
  begin: () => Promise<Begun>,
): Promise<Begun> {
  const opened = trtc.openAhead(targetOf(ingest));
  let isLeaving = false;
  try {
    const begun = await begin();
    isLeaving = leavesSoon(begun.slot);
    return begun;
  } finally {
    if (!isLeaving) opened.close();
  }
}

const targetOf = ({
  account,
  region,
  site,
}: Pick<Ingest, "account" | "site" | "region">): TrtcTarget => ({
  account,
  region,
  host: SITE_FACTS[site].host,
});

/** Takes a slot and makes the call in it. Throws as `callInSlot` does. */
export async function callInNextSlot<A extends TrtcAction>(
  services: Services,
  action: A,
  call: Omit<CallInSlot<A>, "slot">,
): Promise<TrtcCalls[A][1]> {
  const { account, callerId } = call.ingest;
  await services.trtc.ready();
  const slot = await takeSlot(services, { account, callerId, action }, call.timeLeftMs);
  return callInSlot(services, action, { ...call, slot });
}

/** Calls TRTC for a caller. Throws ApiError instead of TrtcError. */
export async function callTrtc<A extends TrtcAction>(
  services: Services,
  action: A,
  call: Omit<CallInSlot<A>, "slot">,
): Promise<TrtcCalls[A][1]> {
  try {
    return await callInNextSlot(services, action, call);
  } catch (error) {
    throw error instanceof TrtcError ? apiErrorOf(error) : error;
  }
}

/** TRTC's error codes for a task that is over. A stop treats them as success. */
const GONE = new Set(["FailedOperation.TaskFinished", "FailedOperation.TaskNotExist"]);

export const saysGone = (error: unknown): boolean =>
  error instanceof TrtcError && GONE.has(error.code);

const isThrottled = (error: unknown): boolean =>
  error instanceof TrtcError && error.code.startsWith("RequestLimitExceeded");

/** `throttled`: TRTC's own refusal, which came before. */
const noSlot = (throttled: unknown): TrtcError =>
  new TrtcError(
    "RequestLimitExceeded",
    errorRow("RequestLimitExceeded").advice,
    "refused",
    throttled,
  );
