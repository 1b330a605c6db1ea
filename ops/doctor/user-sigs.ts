/** The keys that sign UserSig: their form, and whether their signatures verify. */
import { signUserSig, verifyUserSig } from "../../shared/signing/trtc/user-sig.js";
import type { Application } from "../../shared/config/configuration.js";
import { pass, type Row, skip, warn, fail } from "../../shared/health/row.js";
import type { Subject } from "./subject.js";

/** The usual form of an SDKSecretKey in the console. */
const USUAL_FORM = /^[0-9a-f]{64}$/;

export function checkUserSigs({ config: { applications }, clock }: Subject): Row[] {
  if (!applications) return [skip("UserSig keys", "TRTC_APPS cannot be read")];
  return [...applications.values()].map((application) => ofApplication(application, clock.now()));
}

function ofApplication({ SdkAppId: sdkAppId, SecretKey: secretKey }: Application, now: Date): Row {
  const check = `UserSig key of ${sdkAppId}`;
  const user = { sdkAppId, secretKey, userId: "doctor" };
  const signed = signUserSig({ ...user, lifetimeSeconds: 60 }, now);
  if (!verifyUserSig(signed, user, now).ok) {
    return fail(check, "what it signs cannot be verified", "report this as a bug of ours");
  }
  if (USUAL_FORM.test(secretKey)) return pass(check, "64 hexadecimal digits; signs and verifies");
  return warn(
    check,
    "not 64 lower-case hexadecimal digits, which an SDKSecretKey usually is",
    "compare it with the application's SDKSecretKey in TRTC's console; it is not a cloud API key",
  );
}
