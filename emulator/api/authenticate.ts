/** Checks whether the holder of an account's key signed the request within five minutes. */
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { verifyTc3 } from "../../shared/signing/tencent/tc3.js";
import { verifyV1 } from "../../shared/signing/tencent/v1.js";
import type { Accounts } from "../accounts.js";
import type { Call, Parameters } from "./read-call.js";
import { refusal } from "./refusal.js";

const FAULT_CODES = {
  malformed: "AuthFailure.InvalidAuthorization",
  expired: "AuthFailure.SignatureExpire",
  "wrong-service": "AuthFailure.InvalidAuthorization",
  forged: "AuthFailure.SignatureFailure",
} as const;

export interface Signer {
  secretId: string;
  /** The parameters that the older signature covers. */
  signed: Parameters | undefined;
}

/** Throws an ApiError. */
export function authenticate(
  message: HttpMessage,
  call: Call,
  { accounts, now }: { accounts: Accounts; now: Date },
): Signer {
  const { secretId } = call.proof.claim;
  const account = Object.hasOwn(accounts, secretId) ? accounts[secretId] : undefined;
  if (!account) {
    // Every cloud API key of Tencent begins like this. Other SecretIds belong to another type of
    // key.
    const isCloudKey = secretId.startsWith("AKID");
    throw refusal(isCloudKey ? "AuthFailure.SecretIdNotFound" : "AuthFailure.InvalidSecretId");
  }
  const verdict = verify(message, call, { secretKeys: [account.secretKey], now });
  if (!verdict.ok) throw refusal(FAULT_CODES[verdict.reason]);
  if ((call.token ?? "") !== (account.token ?? "")) throw refusal("AuthFailure.TokenFailure");
  return { secretId, signed: verdict.signed };
}

function verify(
  message: HttpMessage,
  { proof }: Call,
  { secretKeys, now }: { secretKeys: string[]; now: Date },
) {
  if (proof.kind === "tc3") {
    const verdict = verifyTc3(message, proof.claim, { secretKeys }, now);
    return { ...verdict, signed: undefined };
  }
  const { method, path } = message;
  const host = message.headers["host"] ?? "";
  const request = { method, path, host, parameters: proof.parameters };
  return verifyV1(request, proof.claim, { secretKeys }, now);
}
