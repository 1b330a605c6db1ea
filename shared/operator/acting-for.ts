/** The caller in whose name an operator acts. It is bound by none of the caller's limits. */
import type { Caller } from "../config/callers.js";
import { LONGEST_INGEST_MINUTES } from "../contract/fields.js";

export const actingFor = ({
  callerId,
  sdkAppId,
}: {
  callerId: string;
  sdkAppId: number;
}): Caller => ({
  Id: callerId,
  SecretKeys: [],
  SdkAppIds: [sdkAppId],
  roomRule: undefined,
  userRule: undefined,
  maxDurationMinutes: LONGEST_INGEST_MINUTES,
  receiver: undefined,
});
