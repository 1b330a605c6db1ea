/** Settings that are right on one machine and must not be deployed. */
import { isLoopback } from "../../emulator/api/loopback.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { LOCAL_CALLER, localCallbackKey } from "../../local/environment/local-environment.js";
import { fail, pass, type Row, skip, warn } from "../../shared/health/row.js";
import type { Subject } from "./subject.js";

const PUBLISHED = new Set([
  LOCAL_CALLER.SecretKey,
  ...DEFAULT_APPLICATIONS.map(({ secretKey }) => secretKey),
  ...DEFAULT_APPLICATIONS.map(({ sdkAppId }) => localCallbackKey(sdkAppId)),
  ...Object.values(DEFAULT_ACCOUNTS).map(({ secretKey }) => secretKey),
]);

export const checkExposure = (subject: Subject): Row[] => [
  publishedKeys(subject),
  endpoint(subject),
  privateHosts(subject),
];

function publishedKeys(subject: Subject): Row {
  const check = "published keys";
  const places = placesOfKeys(subject)
    .filter(([, key]) => PUBLISHED.has(key))
    .map(([place]) => place);
  if (places.length === 0) {
    const { callers, applications, accounts } = subject.config;
    return callers && applications && accounts
      ? pass(check, "none of this repository's published keys is used")
      : skip(check, "not all keys can be read");
  }
  if (hasLoopbackEndpoint(subject)) {
    return pass(check, "this repository's keys, against an emulator on this machine only");
  }
  const finding = `this repository's published keys are used in ${places.join(", ")}`;
  return fail(check, finding, "set keys of your own: these are public");
}

function placesOfKeys({ config }: Subject): [place: string, key: string][] {
  const { callers, applications, accounts } = config;
  return [
    ...[...(callers?.values() ?? [])].flatMap(({ SecretKeys }, index) =>
      SecretKeys.map((key): [string, string] => [`CALLERS[${index}]`, key]),
    ),
    ...[...(applications?.values() ?? [])].flatMap(({ SecretKey, CallbackKeys = [] }, index) =>
      [SecretKey, ...CallbackKeys].map((key): [string, string] => [`TRTC_APPS[${index}]`, key]),
    ),
    ...[...(accounts?.values() ?? [])].map(({ SecretKey }, index): [string, string] => [
      `TRTC_ACCOUNTS[${index}]`,
      SecretKey,
    ]),
  ];
}

const hasLoopbackEndpoint = ({ config: { trtcEndpoint } }: Subject): boolean =>
  trtcEndpoint !== undefined && isLoopback(new URL(trtcEndpoint).hostname);

function endpoint({ config: { trtcEndpoint }, isLocal }: Subject): Row {
  const check = "TRTC's address";
  if (trtcEndpoint === undefined) return pass(check, "TRTC's own hosts");
  if (isLocal) return pass(check, "TRTC_ENDPOINT, as in a run on this machine");
  const finding = "TRTC_ENDPOINT replaces TRTC's hosts";
  return warn(check, finding, "remove it before you deploy, unless it is your own proxy");
}

function privateHosts({ config: { allowPrivateStreamHosts }, isLocal }: Subject): Row {
  const check = "private stream hosts";
  if (allowPrivateStreamHosts !== true) return pass(check, "not allowed");
  if (isLocal) return pass(check, "allowed, as in a run on this machine");
  const finding =
    "ALLOW_PRIVATE_STREAM_HOSTS is on: a StreamUrl may name hosts of your own network";
  return warn(check, finding, "remove it before you deploy");
}
