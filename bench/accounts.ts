/**
 * The accounts of the bench: one caller, and enough accounts that no measurement waits for a slot
 * by accident. Each account and action has 20 slots in 1.1 s, and the bench uses accounts in turn.
 * The keys are public and protect nothing, because the emulator is on loopback.
 */
import type { Environment } from "../shared/config/environment.js";
import { signTc3 } from "../shared/signing/tencent/tc3.js";

export const ACCOUNTS = 400;

export const CALLER = { id: "AKIDbench", secretKey: "bench-caller-secret-key" };

const FIRST_APPLICATION = 1_400_000_000;
const APPLICATION_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const CLOUD_KEY = "bench-cloud-secret-key";

/** Accounts are used in turn. Each has one application. */
export const accountOf = (index: number): string => `account-${index % ACCOUNTS}`;
export const sdkAppIdOf = (index: number): number => FIRST_APPLICATION + (index % ACCOUNTS);
const secretIdOf = (index: number): string => `AKIDaccount${index % ACCOUNTS}`;

const first = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** The bench measures our own slots, so the emulator does not limit calls. */
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

/** The settings of an operator for the first accounts. */
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

/** The variables that cold/documented.cjs reads. */
export const documentedEnvironment = (trtcUrl: string): Environment => ({
  SDK_APP_ID: String(sdkAppIdOf(0)),
  SDK_KEY: APPLICATION_KEY,
  SECRET_ID: secretIdOf(0),
  SECRET_KEY: CLOUD_KEY,
  TRTC_HOST: new URL(trtcUrl).host,
  TRTC_PROTOCOL: `${new URL(trtcUrl).protocol}//`,
});

/** The form of SCF's function URL. */
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

/** Signed as by Tencent's SDKs. */
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
