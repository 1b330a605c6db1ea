/**
 * TRTC: whether its clock matches ours, and whether it accepts our cloud keys. Nothing is started.
 */
import { SECOND_MS } from "../../shared/clock.js";
import { credentialOf } from "../../shared/runtime/services.js";
import { type Credential, openTrtc, type Trtc } from "../../shared/trtc/client.js";
import { TrtcError } from "../../shared/trtc/trtc-error.js";
import type { Application } from "../../shared/config/configuration.js";
import { SITE_FACTS } from "../../shared/contract/sites.js";
import { networkWords } from "./network-errors.js";
import { duration, fail, pass, type Row, skip, warn } from "../../shared/health/row.js";
import { PATIENCE_MS, type Subject } from "./subject.js";

export async function checkTrtc(subject: Subject): Promise<Row[]> {
  const { applications, trtcEndpoint } = subject.config;
  if (!applications) return [skip("TRTC", "TRTC_APPS cannot be read")];
  if (subject.faults.has("TRTC_ENDPOINT")) return [skip("TRTC", "TRTC_ENDPOINT is wrong")];
  const hosts = new Set([...applications.values()].map(({ Site }) => SITE_FACTS[Site].host));
  const addresses =
    trtcEndpoint === undefined ? [...hosts].map((host) => `https://${host}`) : [trtcEndpoint];
  const trtc = openTrtc({
    credentialOf: (account) => keysOf(subject, account),
    endpoint: trtcEndpoint,
    timeoutMs: PATIENCE_MS,
  });
  try {
    const rows = await Promise.all([
      ...addresses.map((address) => clockSkew(address, subject)),
      ...onePerAccount(applications).map((application) => keys(trtc, application, subject)),
    ]);
    return rows;
  } finally {
    trtc.close();
  }
}

/** TRTC refuses requests signed five minutes off. One minute is left for drift. */
const SKEW_MAX_MS = 240 * SECOND_MS;
const SKEW_NOTICED_MS = 30 * SECOND_MS;

async function clockSkew(address: string, { clock }: Subject): Promise<Row> {
  const check = `TRTC: clock of ${new URL(address).host}`;
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.body?.cancel();
    const theirs = new Date(answer.headers.get("date") ?? "").getTime();
    if (Number.isNaN(theirs)) return skip(check, "it answers without its time");
    const skewMs = clock.now().getTime() - theirs;
    const finding = `this machine is ${duration(skewMs)} ${skewMs < 0 ? "behind" : "ahead"}`;
    // Its Date header has whole seconds.
    if (Math.abs(skewMs) <= SKEW_NOTICED_MS) return pass(check, finding);
    const todo = "set this machine's clock by NTP: TRTC refuses requests signed five minutes off";
    return Math.abs(skewMs) > SKEW_MAX_MS ? fail(check, finding, todo) : warn(check, finding, todo);
  } catch (error) {
    const { finding, todo } = networkWords(error);
    return fail(check, finding, todo);
  }
}

/** An account's key works for all of its applications, so one request per account is enough. */
const onePerAccount = (applications: ReadonlyMap<number, Application>): Application[] => [
  ...new Map(
    [...applications.values()].map((application) => [
      `${application.Account} ${application.Site}`,
      application,
    ]),
  ).values(),
];

const keysOf = ({ config, env }: Subject, account: string): Credential =>
  credentialOf({ accounts: config.accounts ?? new Map() }, account, env);

/** No task has this id, so the request changes nothing. */
const NO_TASK = "doctor-asks-for-a-task-that-is-not-there";

async function keys(trtc: Trtc, application: Application, subject: Subject): Promise<Row> {
  const { Account: account, Site, SdkAppId, Region: region } = application;
  const check = `TRTC: keys of account ${account} (${Site})`;
  if (subject.faults.has("TRTC_ACCOUNTS")) return skip(check, "TRTC_ACCOUNTS is wrong");
  try {
    keysOf(subject, account);
  } catch {
    return skip(
      check,
      "the execution role's: they are only inside a deployed function with a role",
    );
  }
  const works = pass(check, `TRTC takes them, asked about ${SdkAppId}`);
  try {
    const target = { account, host: SITE_FACTS[Site].host, region };
    const request = { SdkAppId, TaskId: NO_TASK };
    await trtc.call("DescribeStreamIngest", { target, request, timeLeftMs: PATIENCE_MS });
    return works;
  } catch (error) {
    const { outcome, cause } = error as TrtcError;
    const code = (cause as { code?: unknown } | undefined)?.code;
    const known = typeof code === "string" ? refusalWords(code, { SdkAppId, Site }) : undefined;
    if (known) return fail(check, ...known);
    if (
      outcome === "refused" &&
      error instanceof TrtcError &&
      error.code !== "ServiceUnavailable"
    ) {
      return error.code.startsWith("RequestLimitExceeded")
        ? warn(check, "TRTC is asked too often now, so nothing can be said", "try again")
        : works;
    }
    const { finding, todo } = networkWords(cause ?? error);
    return fail(check, `TRTC cannot be asked: ${finding}`, todo);
  }
}

/** Each refusal of a key has its own cause. */
function refusalWords(
  code: string,
  { SdkAppId, Site }: Pick<Application, "SdkAppId" | "Site">,
): [finding: string, todo: string] | undefined {
  const advice: Record<string, string> = {
    "AuthFailure.SecretIdNotFound": `the SecretId is not known on the site ${Site}, or is switched off: take one of that site's console`,
    "AuthFailure.InvalidSecretId":
      "the SecretId is not one of a cloud API key: take one from the console",
    "AuthFailure.SignatureFailure": "the SecretKey does not belong to the SecretId: copy it anew",
    "AuthFailure.SignatureExpire": "set this machine's clock by NTP",
    "AuthFailure.TokenFailure":
      "the temporary token is wrong or has expired: take new keys, or use a role's",
    "AuthFailure.MFAFailure": "the account asks for MFA: use a sub-account's key without it",
    "UnauthorizedOperation.SdkAppId": `the account does not own ${SdkAppId}: set the application's Account`,
    "FailedOperation.SdkAppIdNotUnderAppId": `the account does not own ${SdkAppId}: set the application's Account`,
    "FailedOperation.SdkAppIdNotExist": `there is no application ${SdkAppId} on the site ${Site}: correct TRTC_APPS`,
    "InvalidParameter.SdkAppId": `there is no application ${SdkAppId} on the site ${Site}: correct TRTC_APPS`,
  };
  const own = advice[code];
  if (own !== undefined) return [`TRTC refuses: ${code}`, own];
  if (/UnauthorizedOperation/.test(code)) {
    return [
      `TRTC refuses: ${code}`,
      "the key may not call TRTC: grant it trtc:StartStreamIngest, StopStreamIngest, UpdateStreamIngest and DescribeStreamIngest in CAM",
    ];
  }
  if (code.startsWith("AuthFailure")) return [`TRTC refuses: ${code}`, "make a new cloud API key"];
  return undefined;
}
