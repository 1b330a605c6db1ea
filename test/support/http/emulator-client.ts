/** Tencent's own SDKs with an emulator as endpoint, as a caller of TRTC uses them. */
import { Agent } from "node:http";
import { jest } from "@jest/globals";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import {
  DEFAULT_ACCOUNTS,
  DEFAULT_APPLICATIONS,
  DEFAULT_SECRET_ID,
} from "../../../emulator/defaults.js";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../emulator/server.js";
import { systemClock } from "../../../shared/clock.js";
import { signUserSig } from "../../../shared/signing/trtc/user-sig.js";
import { startRtmpServer } from "../media/rtmp-server.js";

export const CN_APP = 1400000000;
export const INTL_APP = 1600000000;

/** Applications beside the default ones, each with one restriction. */
export const ADVANCED_APP = 1400000001;
export const LOCKED_APP = 1400000002;
export const NO_RTMP_APP = 1600000001;
export const FOREIGN_APP = 1600000002;

export type Fields = Record<string, unknown>;
export type Answer = Record<string, unknown>;
export type Send = (action: string, fields: Fields) => Promise<Answer>;

export interface ClientOptions {
  secretId?: string;
  secretKey?: string;
  token?: string;
  region?: string;
  reqMethod?: "GET" | "POST";
  signMethod?: "TC3-HMAC-SHA256" | "HmacSHA256" | "HmacSHA1";
  /** Default: the SDK's own, 60. */
  timeoutSeconds?: number;
}

const KEY = DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey ?? "";
const PROXY_FREE = new Agent();

let liveUrl: string | undefined;

/** With a live source, which every start without a StreamUrl plays. */
export async function startTestEmulator(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  liveUrl ??= (await startRtmpServer()).url;
  const [accounts, applications] = [DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS];
  return startEmulator({ accounts, applications, ...options });
}

/** The default applications. Their callbacks go to this address. */
export const applicationsCalling = (callbackUrl: string, callbackKey?: string) =>
  DEFAULT_APPLICATIONS.map((application) => ({
    ...application,
    callbackUrl,
    ...(callbackKey !== undefined && { callbackKey }),
  }));

/** An emulator with the restricted applications, and without a limit on calls. */
export function startRestrictedEmulator(): Promise<Emulator> {
  const [cn, intl] = DEFAULT_APPLICATIONS;
  if (!cn || !intl) throw new Error("There are no default applications.");
  return startTestEmulator({
    applications: [
      ...DEFAULT_APPLICATIONS,
      { ...cn, sdkAppId: ADVANCED_APP, advancedPermission: true },
      { ...cn, sdkAppId: LOCKED_APP, ingest: false },
      { ...intl, sdkAppId: NO_RTMP_APP, rtmp: false },
      { ...intl, sdkAppId: FOREIGN_APP, secretIds: ["AKIDother"] },
    ],
    switches: { callsPerSecond: 10_000 },
  });
}

/** The Chinese site's SDK. It signs with TC3 by default. */
export function cnSdk({ url }: Pick<Emulator, "url">, options: ClientOptions = {}): Send {
  const { secretId = DEFAULT_SECRET_ID, secretKey = KEY, region = "ap-singapore" } = options;
  const { reqMethod = "POST", signMethod = "TC3-HMAC-SHA256", token, timeoutSeconds } = options;
  const client = new Client({
    credential: { secretId, secretKey, ...(token !== undefined && { token }) },
    region,
    profile: {
      signMethod,
      httpProfile: {
        protocol: "http://",
        endpoint: new URL(url).host,
        reqMethod,
        ...(timeoutSeconds !== undefined && { reqTimeout: timeoutSeconds }),
        agent: PROXY_FREE,
      },
    },
  });
  return (action, fields) => client.request(action, fields) as Promise<Answer>;
}

interface IntlModule {
  Client: new (credential: object, region: string, profile: object) => IntlClient;
  Models: Record<string, new () => { from_json_string: (json: string) => void }>;
}

type IntlClient = Record<
  string,
  (request: object, done: (error: Error | null, answer: Answer) => void) => void
>;

/**
 * The international site's SDK, untyped and with callbacks. It uses the older signature by default.
 */
export function intlSdk({ url }: Pick<Emulator, "url">, region = "ap-singapore"): Send {
  const sdk = "tencentcloud-sdk-nodejs-intl-en/tencentcloud";
  const { Client: IntlTrtc, Models } = jest.requireActual<IntlModule>(`${sdk}/trtc/v20190722`);
  const { ClientProfile, Credential, HttpProfile } = jest.requireActual<{
    ClientProfile: new (signMethod: null, http: object) => object;
    Credential: new (secretId: string, secretKey: string) => object;
    HttpProfile: new (protocol: string, endpoint: string) => object;
  }>(`${sdk}/common`);
  const http = new HttpProfile("http://", new URL(url).host);
  const credential = new Credential(DEFAULT_SECRET_ID, KEY);
  const client = new IntlTrtc(credential, region, new ClientProfile(null, http));
  return (action, fields) =>
    new Promise((resolve, reject) => {
      const Request = Models[`${action}Request`];
      if (!Request) throw new Error(`The SDK has no ${action}.`);
      const request = new Request();
      request.from_json_string(JSON.stringify(fields));
      client[action]?.(request, (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });
}

/** The code of the SDK's error. The test fails when there is no error. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  const outcome = await call.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error: error as { code?: string; message: string } }),
  );
  if ("answer" in outcome) throw new Error(`No error, but ${JSON.stringify(outcome.answer)}`);
  return outcome.error.code ?? outcome.error.message;
}

let robots = 0;

/** The fields of a start, with its own robot and a UserSig for a day. */
export function startFields(sdkAppId = CN_APP, fields: Fields = {}): Fields {
  const { UserId: userId = `robot_${(robots += 1)}` } = fields;
  return {
    SdkAppId: sdkAppId,
    RoomId: "room",
    RoomIdType: 0,
    UserId: userId,
    UserSig: userSig(sdkAppId, String(userId)),
    StreamUrl: liveUrl ?? "rtmp://live.example.com/app/stream",
    ...fields,
  };
}

export function userSig(sdkAppId: number, userId: string, now = systemClock.now()): string {
  const request = { sdkAppId, secretKey: keyOf(sdkAppId), userId, lifetimeSeconds: 24 * 3600 };
  return signUserSig(request, now);
}

/** In tests every application of a site has the key of the site's default application. */
export function keyOf(sdkAppId: number): string {
  const site = sdkAppId < INTL_APP ? "cn" : "intl";
  return DEFAULT_APPLICATIONS.find((each) => each.site === site)?.secretKey ?? "";
}
