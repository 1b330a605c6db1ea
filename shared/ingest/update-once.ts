/**
 * What names an update, and when one whose name is known takes effect again.
 *
 *   ClientToken       the caller's word: the same token is the same update
 *   v1 signature      holds a Nonce: the same signature is the same update
 *   TC3 signature     is the same for two equal requests of one second, and for a capture
 *
 *   pause ──► resume ──► pause          signed in one second, and here within two: all take effect
 *   pause ──► resume ──► … ──► pause    later, or after an update of another second: refused
 *   the X-TC-TraceId of before          an SDK makes one for each request: the very same request
 */
import { createHash } from "node:crypto";
import { addMs, SECOND_MS } from "../clock.js";
import { ApiError } from "../contract/errors.js";
import type { Ingest, UpdateRun } from "../store/ingests/ingest-row.js";
import type { Use, UseDone } from "../store/used-signatures.js";
import type { Call, Services } from "./services.js";
import { LEASE_MARGIN_MS } from "./timing.js";
import { sleepBetween } from "./wait.js";

/** An update in hand: what to write with its effect. */
export interface ClaimedUpdate {
  signature: string;
  use: UseDone;
}

/** Equal requests of one second arrive within it; the other second is for their way here. */
const SAME_SECOND_MS = 2 * SECOND_MS;

/**
 * `unnamed`: nothing names it, and it takes effect each time. `done`: this very request took effect
 * before, or what it asks for is the last that took effect. Throws where that cannot be told.
 */
export async function claimUpdate(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  ingest: Ingest,
): Promise<"unnamed" | "done" | ClaimedUpdate> {
  const { store, machineClock } = services;
  const signature = nameOf(call);
  if (signature === undefined) return "unnamed";
  const requestHash = hashOf(call, ingest);
  const signing = call.request.ClientToken === undefined ? call.signing : undefined;
  const arrivedAt = machineClock.now();
  const pauses = sleepBetween(services, call.timeLeftMs);
  for (;;) {
    const at = machineClock.now();
    const leaseUntil = addMs(at, call.timeLeftMs() + LEASE_MARGIN_MS);
    const claimed = { signature, use: { ...signing, leaseUntil, arrivedAt } };
    const known = await store.claimUse({ signature, requestHash, at, leaseUntil });
    if (known === "begun") return claimed;
    if (known && known.requestHash !== (requestHash ?? null)) throw otherRequest();
    if (known?.leaseUntil === null) {
      const run = (await store.readIngest(ingest.taskId))?.updateRun;
      const verdict = repeatOf({ signature, signing, arrivedAt }, { known, run });
      if (verdict === "done") return "done";
      if (verdict === "doubtful") throw overtaken();
      const { usedAt } = known;
      if (await store.claimAgain({ signature, usedAt, leaseUntil })) return claimed;
    }
    if (!(await pauses())) throw underWay();
  }
}

interface Repeated {
  signature: string;
  signing: Call<"UpdateStreamIngest">["signing"];
  arrivedAt: Date;
}

/**
 * Of a signature that took effect before. Nobody signs an X-TC-TraceId, so a thief can make one up;
 * what he cannot do is to come in time, and before the caller's next second.
 */
function repeatOf(
  { signature, signing, arrivedAt }: Repeated,
  { known, run }: { known: Pick<Use, "traces">; run: UpdateRun | null | undefined },
): "done" | "again" | "doubtful" {
  if (!signing) return "done";
  const { second, traceId } = signing;
  if (traceId !== undefined && known.traces.includes(traceId)) return "done";
  if (run?.last === signature) return "done";
  const isSameSecond = second !== undefined && run?.second === second;
  const firstMs = isSameSecond ? run.first?.[signature] : undefined;
  if (firstMs === undefined) return "doubtful";
  return arrivedAt.getTime() - firstMs <= SAME_SECOND_MS ? "again" : "doubtful";
}

/** A ClientToken is the caller's own: another caller's may be the same. */
function nameOf({ request, caller, signature }: Call<"UpdateStreamIngest">): string | undefined {
  if (request.ClientToken === undefined) return signature;
  return `token ${JSON.stringify([caller.Id, request.ClientToken])}`;
}

/** By either TaskId it is the same request. */
function hashOf(
  { request }: Call<"UpdateStreamIngest">,
  { taskId, sdkAppId }: Ingest,
): string | undefined {
  if (request.ClientToken === undefined) return undefined;
  const entries = Object.entries({ ...request, TaskId: taskId, SdkAppId: sdkAppId })
    .filter(([field]) => field !== "ClientToken")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(entries)).digest("base64url");
}

const otherRequest = (): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    "ClientToken was sent before with another update: send a new token for a new update.",
  );

const underWay = (): ApiError =>
  new ApiError(
    "ResourceInUse",
    "The same update is being carried out at this moment: send the same request again to see it done.",
  );

/** It may be a capture that somebody sends again: nothing is changed, and nothing claimed. */
const overtaken = (): ApiError =>
  new ApiError(
    "FailedOperation",
    "An update with this signature took effect before and newer ones followed, so this one changed nothing: sign it anew, or send a ClientToken with each update.",
  );
