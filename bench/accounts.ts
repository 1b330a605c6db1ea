/**
 * Who takes part: one caller, and so many accounts that no measurement waits for a slot which it
 * does not mean to measure. Slots are given out per account and action, 20 in 1.1 s; in turns, an
 * account is used again long after that. Everybody can read these keys, and they protect nothing:
 * the emulator is on loopback.
 */
import type { Environment } from "../shared/config/environment.js";
import { signTc3 } from "../shared/signing/tencent/tc3.js";

export const ACCOUNTS = 400;

export const CALLER = { id: "AKIDbench", secretKey: "bench-caller-secret-key" };

const FIRST_APPLICATION = 1_400_000_000;
const APPLICATION_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const CLOUD_KEY = "bench-cloud-secret-key";

/** Accounts are counted round; each has one application. */
export const accountOf = (index: number): string => `account-${index % ACCOUNTS}`;
export const sdkAppIdOf = (index: number): number => FIRST_APPLICATION + (index % ACCOUNTS);
const secretIdOf = (index: number): string => `AKIDaccount${index % ACCOUNTS}`;

const first = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Our own slots are what is measured, so the emulator does not count calls as well. */
export const EMULATOR_CONFIG = {
  switches: { callsPerSecond: 1_000_000 },
  accounts: Object.fromEntries(
    first(ACCOUNTS, (index) => [secretIdOf(index), { secretKey: CLOUD_KEY }]),
  ),
  applications: first(ACCOUNTS, (index) => ({
    sdkAppId: sdkAppIdOf(index),
    secretKey: APPLICATION_KEY,
    site: "cn",
  })),
};

/** What an operator would have set for the first so many accounts. */
export const benchEnvironment = (trtcUrl: string, accounts = ACCOUNTS): Environment => ({
  TRTC_ENDPOINT: trtcUrl,
  ALLOW_PRIVATE_STREAM_HOSTS: "on",
  EXPIRY_TICK_SECONDS: "5",
  CALLERS: JSON.stringify([
    { Id: CALLER.id, SecretKeys: [CALLER.secretKey], SdkAppIds: first(accounts, sdkAppIdOf) },
  ]),
  TRTC_APPS: JSON.stringify(
    first(accounts, (index) => ({
      SdkAppId: sdkAppIdOf(index),
      SecretKey: APPLICATION_KEY,
      Site: "cn",
      Account: accountOf(index),
    })),
  ),
  TRTC_ACCOUNTS: JSON.stringify(
    first(accounts, (index) => ({
      Account: accountOf(index),
      SecretId: secretIdOf(index),
      SecretKey: CLOUD_KEY,
    })),
  ),
});

/** What cold/documented.cjs reads. */
export const documentedEnvironment = (trtcUrl: string): Environment => ({
  SDK_APP_ID: String(sdkAppIdOf(0)),
  SDK_KEY: APPLICATION_KEY,
  SECRET_ID: secretIdOf(0),
  SECRET_KEY: CLOUD_KEY,
  TRTC_HOST: new URL(trtcUrl).host,
});

/** As SCF's function URL sends it. */
export interface HttpEvent {
  httpMethod: string;
  path: string;
  queryString: object;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export const bearerEvent = (fields: object): HttpEvent => ({
  httpMethod: "POST",
  path: "/",
  queryString: {},
  headers: {
    host: HOST,
    "content-type": "application/json",
    authorization: `Bearer ${CALLER.secretKey}`,
    "x-scf-remote-addr": "111.206.96.145",
  },
  body: JSON.stringify(fields),
});

const HOST = "1250000000-abcdefghij.ap-guangzhou.tencentscf.com";

/** As Tencent's SDKs sign it. */
export function tc3Event(action: string, fields: object, now: Date): HttpEvent {
  const body = JSON.stringify(fields);
  const headers = { host: HOST, "content-type": "application/json", "x-tc-action": action };
  const version = { "x-tc-version": "2019-07-22" };
  const unsigned = { method: "POST", path: "/", query: "", body: Buffer.from(body) };
  const signer = { secretId: CALLER.id, secretKey: CALLER.secretKey, service: "trtc" };
  const { message } = signTc3({ ...unsigned, headers: { ...headers, ...version } }, signer, now);
  return { httpMethod: "POST", path: "/", queryString: {}, headers: message.headers, body };
}

export const startFields = (trtcUrl: string, account: number) => ({
  SdkAppId: sdkAppIdOf(account),
  RoomId: `room-${account}`,
  RoomIdType: 0,
  StreamUrl: `${trtcUrl}/media/clip.mp4`,
  RepeatNum: -1,
});

export const startEvent = (trtcUrl: string, account: number): HttpEvent =>
  bearerEvent(startFields(trtcUrl, account));
