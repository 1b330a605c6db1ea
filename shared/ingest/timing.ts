/**
 * How long claims hold, and how much time is kept back. All times are milliseconds.
 *
 * A start, in a function with a limit of 30 s. Its lease outlives the function, so only an instance
 * that died loses its row:
 *
 *   row written    slot       call leaves               answer      time limit   lease ends
 *   ├──── wait ────┼──────────┼─────────────────────────┼───────────┼────────────┤
 *   0                         └ at least CALL_MIN ahead └ CALL_RESERVE           + LEASE_MARGIN
 *
 * A start that reads sources. The reading ends so early that the call can still leave:
 *
 *   request        headers of the sources    row written, slot, call         answer, time limit
 *   ├──────────────┼─────────────────────────┼───────────────────────────────┤
 *                  └ at most 5000 for each   └ PROBE_RESERVE: 1000, CALL_MIN, CALL_RESERVE
 *
 * A stop at its deadline. The claim comes first, so that only the stop is left to do:
 *
 *   claim          deadline   slot, StopStreamIngest    row ended                lease ends
 *   ├──────────────┼─────────────────────────────────────┤                       │
 *   └ CLAIM_AHEAD  └ beginDueStop renews the lease: ───── STOP_LEASE ────────────┘
 *
 * A start that is resumed makes two calls under one claim:
 *
 *   claim          RemoveUser, slot included            StartStreamIngest        lease ends
 *   ├──────────────┼─────────────────────────────────────┼───────────────────────┤
 *   └──────────────────────────── RESUME_LEASE ──────────────────────────────────┘
 *
 * A run of a timer. What it claimed last still has time to end:
 *
 *   claims         claims     last claim                work ends   time limit
 *   ├──────────────┼──────────┼─────────────────────────┤           │
 *                             └ EXPIRE_RESERVE, RECONCILE_RESERVE, DELIVERY_RESERVE
 *
 * A callback. TRTC hangs up after 5 s, and part of them passes on the way here:
 *
 *   event          take       follow-up                 given up    answer       TRTC hangs up
 *   ├──────────────┼──────────┼─────────────────────────┼───────────┼────────────┤
 *                                 4000                  └ FOLLOW_UP_RESERVE      CALLBACK_WAIT
 *                                                              4400 └ CALLBACK_EARLY
 */
import { SECOND_MS } from "../clock.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { Services } from "./services.js";

/**
 * A claim lasts this much longer than its function's time limit. No instance works beyond the
 * limit, so the row is free then.
 */
export const LEASE_MARGIN_MS = 5 * SECOND_MS;

/** A stop and its slot fit in this claim. A killed instance delays its stops by no more. */
export const STOP_LEASE_MS = 10 * SECOND_MS;

/** Both calls of a resumed start and their slots fit in this claim. */
export const RESUME_LEASE_MS = 30 * SECOND_MS;

/** A message and the record of its outcome fit in this claim. */
export const DELIVERY_LEASE_MS = 20 * SECOND_MS;

/** Kept back from the function's time to write the outcome and to answer. */
export const CALL_RESERVE_MS = 1500;

/** A call that leaves with less time is likely to end unanswered, so it does not leave. */
export const CALL_MIN_MS = 3 * SECOND_MS;

/** A call that may be done again leaves with this much time left too. */
export const REPEATABLE_CALL_MIN_MS = SECOND_MS;

/** Kept back by a probe of the source: for the row, and for the call to TRTC. */
export const PROBE_RESERVE_MS = SECOND_MS + CALL_MIN_MS + CALL_RESERVE_MS;

/** Kept back by a wait for another instance, for the work after it and the answer. */
export const WAIT_RESERVE_MS = 2 * SECOND_MS;

/** Two calls to TRTC may take this long. With less time a start is left to reconcile-ingests. */
export const RESUME_MIN_MS = 8 * SECOND_MS;

/** A message needs this for a call to TRTC, its slot, and the record of the outcome. */
export const MESSAGE_MIN_MS = 8 * SECOND_MS;

/**
 * The start function carries out a start that is this near itself: advance-ingests may look only
 * after it. The function then needs this much time.
 */
export const NEAR_START_MS = 10 * SECOND_MS;
export const NEAR_START_TIME_MS = NEAR_START_MS + CALL_RESERVE_MS + 2 * CALL_MIN_MS;

/** advance-ingests claims nothing more with this much time left. */
export const ADVANCE_RESERVE_MS = 15 * SECOND_MS;

/** A claim of advance-ingests. A killed instance delays its starts by no more. */
export const ADVANCE_LEASE_MS = 10 * SECOND_MS;

/**
 * A claim of a programme's step, or the turn of an update. The call and its slot fit in it. A killed
 * instance delays the next switch or update by no more.
 */
export const STEP_LEASE_MS = 10 * SECOND_MS;

/** expire-ingests claims nothing more with this much time left: a stop must get its answer. */
export const EXPIRE_RESERVE_MS = 12 * SECOND_MS;

/** Timers fire late: a run also claims deadlines this long after the next run's start. */
export const OVERLAP_MS = 2 * SECOND_MS;

/** A deadline is claimed this long ahead. */
export const CLAIM_AHEAD_MS = SECOND_MS;

/** reconcile-ingests claims nothing more with this much time left. */
export const RECONCILE_RESERVE_MS = 20 * SECOND_MS;

/** expire-ingests should have stopped an ingest by then. Afterwards reconcile-ingests does it. */
export const OVERDUE_MS = 30 * SECOND_MS;

/** deliver-notifications sends for so long at most, and sends nothing with the reserve left. */
export const DELIVERY_BUDGET_MS = 30 * SECOND_MS;
export const DELIVERY_RESERVE_MS = 11 * SECOND_MS;

/** TRTC waits for five seconds. The way here and a cold start take some of it. */
export const CALLBACK_WAIT_MS = 4900;
export const CALLBACK_EARLY_MS = 500;
export const FOLLOW_UP_RESERVE_MS = 900;

/** Equal requests of one second arrive within that second. One more second covers network delay. */
export const SAME_SECOND_MS = 2 * SECOND_MS;

/**
 * The time that the holder of a claim may still work. It ends with the lease or with the function's
 * time, at the earlier of the two.
 */
export const heldMs =
  (
    { clock }: Pick<Services, "clock">,
    { leaseUntil }: Pick<Ingest, "leaseUntil">,
    timeLeftMs: () => number,
  ): (() => number) =>
  () =>
    Math.min(timeLeftMs(), (leaseUntil?.getTime() ?? 0) - clock.now().getTime());
