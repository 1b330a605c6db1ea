/**
 * One call to TRTC on behalf of an ingest: in its slot, to the region and account that the task
 * lives in, and again in a new slot when TRTC throttled it, which it does before it acts.
 */
import { errorRow } from "../contract/error-table.js";
import { apiErrorOf, TrtcError } from "../trtc/trtc-error.js";
import type { TrtcAction, TrtcCalls } from "../trtc/client.js";
import type { Slot } from "../store/engine/database-time.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { SITE_FACTS } from "../contract/sites.js";
import type { Services } from "./services.js";
import { CALL_MIN_MS, CALL_RESERVE_MS } from "./timing.js";

/**
 * A slot that was missed is lost: an instance that wakes up late, for want of processor time, would
 * crowd the second of the calls behind it. This and the way to TRTC share the slots' 100 ms.
 */
const LATE_MAX_MS = 25;

/** The farthest slot that a function with so much time left may take. */
export const slotWaitMaxMs = (timeLeftMs: number): number =>
  timeLeftMs - CALL_RESERVE_MS - CALL_MIN_MS;

export interface CallInSlot<A extends TrtcAction> {
  ingest: Pick<Ingest, "account" | "site" | "region"> & Partial<Pick<Ingest, "callerId">>;
  request: TrtcCalls[A][0];
  /** The one that was already taken; none when none was near enough. */
  slot: Slot | undefined;
  timeLeftMs: () => number;
}

/** Between two questions whose turn it is: longer and longer, since others' calls come in between. */
const ASK_AGAIN_MS = 50;
const ASK_AGAIN_MAX_MS = 1000;

/** Waits while it is others' turn, and asks again. `undefined`: the turn comes too late. */
export async function inTurn(
  { clock, store }: Services,
  {
    call,
    firstSlot,
    timeLeftMs,
  }: {
    call: { account: string; callerId?: string | undefined; action: TrtcAction };
    firstSlot: Slot | undefined;
    timeLeftMs: () => number;
  },
): Promise<Slot | undefined> {
  let slot = firstSlot;
  for (let pauseMs = 0; slot?.isToAskAgain; pauseMs = Math.min(ASK_AGAIN_MAX_MS, pauseMs * 1.5)) {
    const waitMaxMs = slotWaitMaxMs(timeLeftMs());
    if (slot.msUntil() > waitMaxMs) return undefined;
    await clock.sleep(Math.max(slot.msUntil(), pauseMs));
    slot = await store.takeSlot({ ...call, isAgain: true, waitMaxMs: slotWaitMaxMs(timeLeftMs()) });
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
  const { clock, store, trtc } = services;
  const { account, callerId, site, region } = ingest;
  const target = { account, region, host: SITE_FACTS[site].host };
  const call = { account, callerId, action };
  const nextSlot = async () => {
    const taken = await store.takeSlot({ ...call, waitMaxMs: slotWaitMaxMs(timeLeftMs()) });
    return inTurn(services, { call, firstSlot: taken, timeLeftMs });
  };
  let slot = await inTurn(services, { call, firstSlot, timeLeftMs });
  for (;;) {
    if (!slot || slot.msUntil() > slotWaitMaxMs(timeLeftMs())) throw noSlot();
    const waitMs = slot.msUntil();
    // A slot is mostly there at once, and a timer over no time at all takes a millisecond.
    if (waitMs > 0) await clock.sleep(waitMs);
    // An instance may have been frozen meanwhile: what it call to ask is another's by now.
    if (slotWaitMaxMs(timeLeftMs()) < -LATE_MAX_MS) throw noSlot();
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
      slot = await nextSlot();
    }
  }
}

/** The same, for a call that has no slot yet. */
export async function callInNextSlot<A extends TrtcAction>(
  services: Services,
  action: A,
  call: Omit<CallInSlot<A>, "slot">,
): Promise<TrtcCalls[A][1]> {
  const { account, callerId } = call.ingest;
  await services.trtc.ready();
  const waitMaxMs = slotWaitMaxMs(call.timeLeftMs());
  const slot = await services.store.takeSlot({ account, callerId, action, waitMaxMs });
  return callInSlot(services, action, { ...call, slot });
}

/** The same for a caller: TRTC's refusal becomes its own. */
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

/** TRTC's ways to say that the task is over: to whoever wants it ended, that is a success. */
const GONE = new Set(["FailedOperation.TaskFinished", "FailedOperation.TaskNotExist"]);

export const saysGone = (error: unknown): boolean =>
  error instanceof TrtcError && GONE.has(error.code);

const isThrottled = (error: unknown): boolean =>
  error instanceof TrtcError && error.code.startsWith("RequestLimitExceeded");

const noSlot = (): TrtcError =>
  new TrtcError("RequestLimitExceeded", errorRow("RequestLimitExceeded").advice, "refused");
