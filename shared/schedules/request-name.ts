/**
 * What names a request, so that it takes effect once: its ClientToken, or else its signature. An
 * equal signature means an equal request, sent again.
 */
import { createHash } from "node:crypto";
import { ApiError } from "../contract/errors.js";
import type { Action } from "../contract/schemas.js";
import type { Call } from "../ingest/services.js";
import { storedToken } from "../ingest/start/plan-start.js";
import { sortedText } from "../json.js";

type NamedAction = Action & ("CreateIngestSchedule" | "UpdateIngestSchedule" | "RunIngestSchedule");

/** Signatures and tokens are distinct. null: the request has no name. */
export function nameOf({ request, signature }: Call<NamedAction>): string | null {
  if (request.ClientToken !== undefined) return storedToken(request.ClientToken);
  if (signature === undefined) return null;
  return `signature ${createHash("sha256").update(signature).digest("base64url")}`;
}

/** Equal for equal requests, whatever their ClientToken and the order of their fields. */
export function hashOf({ request }: Call<NamedAction>): string {
  const compared = Object.entries(request)
    .filter(([field]) => field !== "ClientToken")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(sortedText(compared)).digest("base64url");
}

/** Throws ApiError where the name belongs to another request. */
export function refuseOtherRequest(call: Call<NamedAction>, requestHash: string | null): void {
  if (requestHash === hashOf(call)) return;
  throw new ApiError(
    "InvalidParameterValue",
    call.request.ClientToken === undefined
      ? "This signature was sent before with another request: sign the new request anew."
      : "ClientToken was sent before with another request: send a new token for a new request.",
  );
}
