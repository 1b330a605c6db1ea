/**
 * The configuration of a run on one machine. Every variable that is not set gets a local default.
 */
import type { Environment } from "../../shared/config/environment.js";
import { withoutMark } from "../../shared/json.js";
import {
  DEFAULT_ACCOUNTS,
  DEFAULT_APPLICATIONS,
  DEFAULT_SECRET_ID,
} from "../../emulator/defaults.js";

export const LOCAL_CALLER = { Id: "AKIDlocal", SecretKey: "local-secret-key" };

/** Signs the emulator's callbacks. It is published like the other local keys and is not secret. */
export const localCallbackKey = (sdkAppId: number): string => `localcallbackkey${sdkAppId}`;

/** In the cloud each timer runs once a minute. A developer needs results sooner. */
const EXPIRY_TICK_SECONDS = "5";
const ADVANCE_TICK_SECONDS = "5";
const SETTLE_CRON = "*/10 * * * * * *";
const PLAN_CRON = "*/10 * * * * * *";
const NOTIFY_CRON = "*/10 * * * * * *";

/**
 * Returns `env` with all defaults. The function shows what an operator must set for the cloud. An
 * empty variable counts as not set.
 */
export function localEnvironment(env: Environment, trtcEndpoint: string): Environment {
  const isSet = (value: string | undefined) => value !== undefined && value !== "";
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => isSet(value)));
  const intervalSeconds = set["EXPIRY_TICK_SECONDS"] ?? EXPIRY_TICK_SECONDS;
  const advanceSeconds = set["ADVANCE_TICK_SECONDS"] ?? ADVANCE_TICK_SECONDS;
  const events = localEvents(trtcEndpoint, set);
  return {
    TRTC_ENDPOINT: trtcEndpoint,
    ALLOW_PRIVATE_STREAM_HOSTS: "on",
    ALLOW_PRIVATE_NOTIFY_HOSTS: "on",
    EXPIRY_TICK_SECONDS: intervalSeconds,
    EXPIRY_CRON: cronOf(Number(intervalSeconds)),
    ADVANCE_TICK_SECONDS: advanceSeconds,
    ADVANCE_CRON: cronOf(Number(advanceSeconds)),
    SETTLE_CRON,
    PLAN_CRON,
    NOTIFY_CRON,
    CALLERS: JSON.stringify([
      {
        Id: LOCAL_CALLER.Id,
        SecretKeys: [LOCAL_CALLER.SecretKey],
        SdkAppIds: DEFAULT_APPLICATIONS.map(({ sdkAppId }) => sdkAppId),
        // No login is worth protecting here, and robots with names are easier to distinguish.
        UserPattern: "[A-Za-z0-9_-]+",
      },
    ]),
    OPERATOR_KEYS: JSON.stringify([{ Name: "local", SecretKeys: [LOCAL_CALLER.SecretKey] }]),
    TRTC_APPS: JSON.stringify(
      DEFAULT_APPLICATIONS.map(({ sdkAppId, secretKey, site }) => ({
        SdkAppId: sdkAppId,
        SecretKey: secretKey,
        Site: site,
        CallbackKeys: [localCallbackKey(sdkAppId)],
      })),
    ),
    TRTC_ACCOUNTS: JSON.stringify(
      ["cn", "intl"].map((Account) => ({
        Account,
        SecretId: DEFAULT_SECRET_ID,
        SecretKey: DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey,
      })),
    ),
    ...events,
    ...set,
  };
}

/** The sources of events on one machine. The emulator serves the objects of these buckets. */
export const LOCAL_SOURCES = {
  cos: "media-1250000000",
  s3: "media",
  ckafka: "ingests",
  cmq: "ingests",
  sqs: "arn:aws:sqs:ap-southeast-1:123456789012:ingests",
  cloudevents: "local.app",
  eventbridge: "local.app",
};

/**
 * The caller that local rules and sources name: the first of CALLERS, if it can be read. Absent
 * when CALLERS is not set, when RULES and EVENT_CALLERS are set, or when no entry is usable.
 */
export function ownEventCaller({
  CALLERS = "",
  RULES = "",
  EVENT_CALLERS = "",
}: Environment): { Id: string; SdkAppId: number } | undefined {
  if (CALLERS === "" || (RULES !== "" && EVENT_CALLERS !== "")) return undefined;
  try {
    const [first] = JSON.parse(withoutMark(CALLERS)) as { Id?: unknown; SdkAppIds?: unknown[] }[];
    const SdkAppId = first?.SdkAppIds?.[0];
    const isWhole = typeof first?.Id === "string" && typeof SdkAppId === "number";
    return isWhole ? { Id: first.Id as string, SdkAppId } : undefined;
  } catch {
    return undefined;
  }
}

function localEvents(trtcEndpoint: string, set: Environment): Environment {
  const { cos, s3, ckafka, cmq, sqs, cloudevents, eventbridge } = LOCAL_SOURCES;
  const own = ownEventCaller(set);
  // The configuration's own check explains callers that cannot be read.
  if (!own && set["CALLERS"] !== undefined) return {};
  const Caller = own?.Id ?? LOCAL_CALLER.Id;
  const SdkAppId = own?.SdkAppId ?? DEFAULT_APPLICATIONS[0]?.sdkAppId;
  const played = {
    Caller,
    SdkAppId,
    RoomId: "{name}",
    RoomIdType: 0,
    StreamUrl: `${trtcEndpoint}/media/{key}`,
    RepeatNum: -1,
    MaxDuration: 5,
  };
  const sources = [
    `ckafka:${ckafka}`,
    `cmq:${cmq}`,
    sqs,
    `cloudevents:${cloudevents}`,
    `eventbridge:${eventbridge}`,
  ];
  return {
    RULES: JSON.stringify([cos, s3].map((Bucket) => ({ Bucket, ...played }))),
    EVENT_CALLERS: JSON.stringify(sources.map((Source) => ({ Source, Caller }))),
  };
}

/**
 * At least as often as the interval: a run handles everything due before the next interval ends.
 */
const cronOf = (intervalSeconds: number): string =>
  intervalSeconds < 60 ? `*/${Math.floor(intervalSeconds)} * * * * * *` : "0 */1 * * * * *";
