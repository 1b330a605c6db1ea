/**
 * Decides whether an update is a repeat, and whether a repeat takes effect again.
 *
 *   ClientToken       the caller chooses it: the same token is the same update
 *   v1 signature      holds a Nonce: the same signature is the same update
 *   TC3 signature     is equal for equal requests of one second, and for a captured request
 *   Sequence          under either signature: the same signature is the same update
 *
 *   pause ──► resume ──► pause          signed in one second, arrived within two: all take effect
 *   pause ──► resume ──► … ──► pause    later, or after an update of another second: refused
 *   the same X-TC-TraceId again         an SDK makes one for each request: it is the same request
 */
import { createHash } from "node:crypto";
import { addMs } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import { sortedText } from "../../json.js";
import type { Ingest, UpdateRun } from "../../store/ingests/ingest-row.js";
import type { Use, UseDone } from "../../store/used-signatures.js";
import type { Call, Services } from "../services.js";
import { LEASE_MARGIN_MS, SAME_SECOND_MS } from "../timing.js";
import { sleepBetween } from "../wait.js";

/** A claimed update: the values to write together with its effect. */
export interface ClaimedUpdate {
  signature: string;
  use: UseDone;
}

/**
 * `unnamed`: the update has no name and takes effect each time. `done`: this request took effect
 * before, or the last update was equal. Throws ApiError when neither is certain.
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
  const { ClientToken, Sequence } = call.request;
  // A Sequence names the update as a token does: an equal request is never a new update.
  const signing = (ClientToken ?? Sequence) === undefined ? call.signing : undefined;
  const arrivedAt = machineClock.now();
  const pauses = sleepBetween(services, call.timeLeftMs);
  for (;;) {
    const at = machineClock.now();
    const leaseUntil = addMs(at, call.timeLeftMs() + LEASE_MARGIN_MS);
    const claimed = { signature, use: { ...signing, leaseUntil, arrivedAt } };
    const known = await store.signatures.claim({ signature, requestHash, at, leaseUntil });
    if (known === "begun") return claimed;
    if (known && known.requestHash !== (requestHash ?? null)) throw otherRequest();
    if (known?.leaseUntil === null) {
      const run = (await store.ingests.read(ingest.taskId))?.updateRun;
      const verdict = repeatOf({ signature, signing, arrivedAt }, { known, run });
      if (verdict === "done") return "done";
      if (verdict === "doubtful") throw overtaken();
      const { usedAt } = known;
      if (await store.signatures.claimAgain({ signature, usedAt, leaseUntil })) return claimed;
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
 * Judges a signature that took effect before. X-TC-TraceId is not signed, so an attacker can invent
 * one. But a captured request comes too late, or after the caller's next second.
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

/** The name includes the caller, since two callers may use the same ClientToken. */
function nameOf({ request, caller, signature }: Call<"UpdateStreamIngest">): string | undefined {
  if (request.ClientToken === undefined) return signature;
  return `token ${JSON.stringify([caller.Id, request.ClientToken])}`;
}

/** Our TaskId and TRTC's TaskId name the same ingest. Both give the same hash. */
function hashOf(
  { request }: Call<"UpdateStreamIngest">,
  { taskId, sdkAppId }: Ingest,
): string | undefined {
  if (request.ClientToken === undefined) return undefined;
  const entries = Object.entries({ ...request, TaskId: taskId, SdkAppId: sdkAppId })
    .filter(([field]) => field !== "ClientToken")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(sortedText(entries)).digest("base64url");
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

/** The request may be a replay by an attacker. It changes nothing and claims nothing. */
const overtaken = (): ApiError =>
  new ApiError(
    "FailedOperation",
    "An update with this signature took effect before and newer ones followed, so this one changed nothing: sign it anew, or send a ClientToken with each update.",
  );
