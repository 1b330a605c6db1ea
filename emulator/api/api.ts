/**
 * One call of Tencent Cloud API 3.0, from the bytes to the envelope. The checks follow TRTC's order
 * as far as it is visible: caller, action, rate, then application and fields.
 */
import { randomUUID } from "node:crypto";
import { ApiError } from "../../shared/contract/errors.js";
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { API_VERSION } from "../../shared/contract/sites.js";
import { SERVED } from "../actions/actions.js";
import { authenticate } from "./authenticate.js";
import { effectOf, type Wire } from "../faults/effect.js";
import type { CallFault } from "../faults/fault.js";
import type { Application } from "../accounts.js";
import { type Call, type Parameters, readCall } from "./read-call.js";
import { refusal } from "./refusal.js";
import { REGIONS } from "./regions.js";
import { isTrtcAction, type TrtcAction } from "./schemas.js";
import type { World } from "../world.js";

export interface Envelope {
  Response: { RequestId: string; Error?: { Code: string; Message: string } };
}

export interface Arrival {
  message: HttpMessage;
  /** When the request's head arrived, on the clock of arrivals. */
  atMs: number;
}

export interface Answered {
  envelope: Envelope;
  /** How the answer reaches the caller, or is lost. */
  wire: Wire;
}

/** Never throws: every request gets an answer in Tencent's form. */
export async function answerCall(world: World, arrival: Arrival): Promise<Answered> {
  const requestId = randomUUID();
  let action = "unknown";
  let fault: CallFault | undefined;
  const end = (outcome: string, answer: object, detail?: string): Answered => {
    const withOutboxEvent = {
      ...(fault && { fault: fault.kind }),
      ...(detail !== undefined && { detail }),
    };
    world.log({ requestId, action, outcome, ...withOutboxEvent });
    const envelope = { Response: { ...answer, RequestId: requestId } };
    return { envelope, wire: effectOf(fault).wire };
  };
  try {
    if (!["GET", "POST"].includes(arrival.message.method)) throw refusal("UnsupportedProtocol");
    const call = readCall(arrival.message);
    if (isTrtcAction(call.action ?? "")) action = call.action ?? action;
    const admitted = admit(world, call, arrival);
    fault = world.faults.takeCall(admitted.action);
    const answer = await underFault(world, fault, () => act(world, call, admitted));
    return end(effectOf(fault).acts ? "ok" : "not done", answer);
  } catch (thrown) {
    const error = thrown instanceof ApiError ? thrown : refusal("InternalError");
    const Error = { Code: error.code, Message: error.message };
    return end(error.code, { Error }, thrown === error ? undefined : stackOf(thrown));
  }
}

interface Admitted {
  account: string;
  action: TrtcAction;
  signed: Parameters | undefined;
}

/** Checks the caller, the action and the rate. Throws an ApiError. */
function admit(world: World, call: Call, { message, atMs }: Arrival): Admitted {
  const { accounts, arrivalClock, callLog, switches } = world;
  const now = arrivalClock.now();
  const { secretId: account, signed } = authenticate(message, call, { accounts, now });
  const action = requireAction(call);
  const limit = switches.read().callsPerSecond;
  if (!callLog.admit({ account, action, atMs, limit })) throw refusal("RequestLimitExceeded");
  requireVersion(call);
  world.onCall?.({ action, body: message.body });
  return { account, action, signed };
}

/** Acts even when the caller has already disconnected, as TRTC does. */
async function underFault(
  { arrivalClock, signal }: World,
  fault: CallFault | undefined,
  acting: () => object,
): Promise<object> {
  const { acts, code, beforeMs, afterMs } = effectOf(fault);
  if (beforeMs > 0) await arrivalClock.sleep(beforeMs, signal);
  const answer = acts && !signal.aborted ? acting() : {};
  if (afterMs > 0) await arrivalClock.sleep(afterMs, signal);
  if (code !== undefined) throw refusal(code);
  return answer;
}

function act(world: World, call: Call, { account, action, signed }: Admitted): object {
  const { types, run } = SERVED[action];
  const fields = call.fields(types, signed);
  const application = applicationOf(world, fields["SdkAppId"]);
  const { site, secretIds = [account] } = application;
  if (!secretIds.includes(account)) throw refusal("UnauthorizedOperation.SdkAppId");
  const region = requireRegion(call, REGIONS[action][site]);
  const context = { ...world, switches: world.switches.read(), application, account, region };
  return run(context, fields);
}

function requireAction({ action }: Call): TrtcAction {
  if (!action) throw refusal("MissingParameter", "Action is missing.");
  if (!isTrtcAction(action)) throw refusal("InvalidAction");
  return action;
}

function requireVersion({ version }: Call): void {
  if (!version) throw refusal("MissingParameter", "Version is missing.");
  if (version !== API_VERSION) throw refusal("NoSuchVersion");
}

function applicationOf({ applications }: World, sdkAppId: unknown): Application {
  if (sdkAppId === undefined) throw refusal("MissingParameter.SdkAppId");
  const application = typeof sdkAppId === "number" ? applications.get(sdkAppId) : undefined;
  if (!application) throw refusal("InvalidParameter.SdkAppId");
  return application;
}

function requireRegion({ region }: Call, regions: readonly string[]): string {
  if (!region) throw refusal("MissingParameter", "Region is missing.");
  if (regions.includes(region)) return region;
  throw refusal("UnsupportedRegion", `The action is offered in ${regions.join(", ")}.`);
}

const stackOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
