/** Calls to TRTC: their possible outcomes, and the client's error for each. */
import { ApiError } from "../../../shared/contract/errors.js";
import { MINUTE_MS } from "../../../shared/clock.js";
import type { Trtc, TrtcAction } from "../../../shared/trtc/client.js";
import { trtcErrorOf } from "../../../shared/trtc/trtc-error.js";
import type { CallFault } from "../faults.js";
import { deliver, type Invocation, killAllOn } from "./machines.js";
import type { Random } from "../random.js";
import { freeze } from "./statements.js";
import type { World } from "./world.js";

/** TRTC accepts a request while its signature is valid: five minutes, minus the time on the network. */
const SIGNATURE_VALID_MS = 5 * MINUTE_MS - 1000;

/** The fields of an exception of Tencent's SDK; our real code reads them. */
type Thrown = { code?: string; httpCode?: number; message: string };

const CUT: Thrown = { message: "socket hang up" };
const ABORTED: Thrown = { message: "The operation was aborted due to timeout" };
const NEVER_SENT: Thrown = { message: "request failed, reason: connect ECONNREFUSED 10.0.0.1:443" };
const BAD_GATEWAY: Thrown = { httpCode: 502, message: "Bad Gateway" };
const BROKE_INSIDE: Thrown = { code: "InternalError", message: "An internal error occurred." };
const THROTTLED: Thrown = { code: "RequestLimitExceeded", message: "Too often." };

/** Refusals that TRTC may give to any request. */
const REFUSALS: Readonly<Record<string, readonly string[]>> = {
  StartStreamIngest: [
    "FailedOperation.RestrictedConcurrency",
    "ResourceInsufficient.RequestRejection",
    "UnauthorizedOperation.CamNoAuth",
  ],
};
const OTHER_REFUSALS = ["FailedOperation.QueryTaskInfoFailed", "UnauthorizedOperation.CamNoAuth"];

/** Faults where TRTC carries the call out. */
const ACTS: ReadonlySet<CallFault | undefined> = new Set([
  undefined,
  ...(["lost-answer", "late-request", "slow-answer", "late-answer", "5xx-after"] as const),
  ...(["internal-error-after", "crash-after", "freeze-before", "freeze-after"] as const),
]);

export function carryCalls(world: World, invocation: Invocation): Trtc {
  return {
    openAhead: () => ({ close: () => undefined }),
    ready: () => Promise.resolve(),
    close: () => undefined,
    call: (action, { target, request, timeLeftMs }) => {
      const giveUpMs = Math.ceil(Math.max(1, Math.min(world.config.trtcTimeoutMs, timeLeftMs)));
      const { region } = target;
      return carry(world, invocation, { action, request, region, giveUpMs });
    },
  };
}

interface Sent {
  action: TrtcAction;
  request: object;
  region: string;
  giveUpMs: number;
}

function carry(world: World, invocation: Invocation, sent: Sent): Promise<object> {
  const { timeline, random, faults, facts, history } = world;
  const { action, giveUpMs } = sent;
  const fault = faults.call(action);
  const by = invocation.name;
  const signedMs = timeline.nowMs();
  if (fault) history.note(by, `${action}: ${fault}`);
  return new Promise((resolve, reject) => {
    const at = (atMs: number, hand: () => void) => deliver(timeline, { invocation, atMs, hand });
    const fail = (thrown: Thrown, afterMs: number) => {
      at(timeline.nowMs() + afterMs, () => reject(trtcErrorOf(thrown)));
    };
    if (fault === "crash-before") {
      killAllOn(invocation.machine);
      return;
    }
    if (fault === "never-sent") {
      fail(NEVER_SENT, random.between(1, 50));
      return;
    }
    if (fault === "freeze-before") freeze(world, invocation.machine);
    const leavesMs = Math.max(signedMs, invocation.machine.thawsMs);
    const left = facts.callLeft({ action, request: sent.request, by, signedMs, leavesMs });
    at(signedMs + giveUpMs, () => reject(trtcErrorOf(ABORTED)));
    timeline.at(arrivalMs(random, { fault, leavesMs, signedMs, giveUpMs }), () => {
      const isCutShort = fault === "freeze-before" && invocation.isDead;
      if (fault === "lost-request" || isCutShort) return;
      const outcome = ACTS.has(fault) ? facts.during(left, () => act(world, sent)) : undefined;
      if (fault === "crash-after") killAllOn(invocation.machine);
      if (fault === "freeze-after") freeze(world, invocation.machine);
      const backMs = wayBackMs(random, fault, giveUpMs);
      const thrown = thrownBy(random, action, fault) ?? (outcome && refusalIn(outcome));
      if (thrown === "nothing") return;
      if (thrown) fail(thrown, backMs);
      else at(timeline.nowMs() + backMs, () => resolve(outcome as object));
    });
  });
}

/** TRTC's answer, or its refusal. */
function act(world: World, { action, request, region }: Sent): object {
  try {
    return world.trtc.arrive({ action, request, region });
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function refusalIn(outcome: object): Thrown | undefined {
  if (!(outcome instanceof ApiError)) return undefined;
  return { code: outcome.code, message: outcome.message };
}

interface OnItsWay {
  fault: CallFault | undefined;
  leavesMs: number;
  signedMs: number;
  giveUpMs: number;
}

function arrivalMs(random: Random, { fault, leavesMs, signedMs, giveUpMs }: OnItsWay): number {
  if (fault !== "late-request") return leavesMs + random.between(5, 60);
  const least = signedMs + giveUpMs;
  return random.between(least, Math.max(least, signedMs + SIGNATURE_VALID_MS));
}

function wayBackMs(random: Random, fault: CallFault | undefined, giveUpMs: number): number {
  if (fault === "slow-answer") return random.between(200, 8000);
  if (fault === "late-answer") return giveUpMs + random.between(0, 5000);
  return random.between(5, 60);
}

/** The caller's result, whatever TRTC did; `nothing` when its time runs out. */
function thrownBy(
  random: Random,
  action: TrtcAction,
  fault: CallFault | undefined,
): Thrown | "nothing" | undefined {
  if (fault === "lost-answer") return random.chance(0.5) ? CUT : "nothing";
  if (fault === "late-request") return "nothing";
  if (fault === "throttled") return THROTTLED;
  if (fault === "refused") {
    return { code: random.pick(REFUSALS[action] ?? OTHER_REFUSALS), message: "Refused." };
  }
  if (fault?.startsWith("5xx")) return BAD_GATEWAY;
  return fault?.startsWith("internal-error") ? BROKE_INSIDE : undefined;
}
