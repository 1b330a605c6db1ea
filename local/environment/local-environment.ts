/** The configuration of a run on one machine: everything that is not set gets a local default. */
import type { Environment } from "../../shared/config/environment.js";
import {
  DEFAULT_ACCOUNTS,
  DEFAULT_APPLICATIONS,
  DEFAULT_SECRET_ID,
} from "../../emulator/defaults.js";

export const LOCAL_CALLER = { Id: "AKIDlocal", SecretKey: "local-secret-key" };

/** Signs what the emulator tells; published like the other keys, and as little a secret. */
export const localCallbackKey = (sdkAppId: number): string => `localcallbackkey${sdkAppId}`;

/** In the cloud each timer runs once a minute. A developer wants to see results sooner. */
const EXPIRY_TICK_SECONDS = "5";
const SETTLE_CRON = "*/10 * * * * * *";
const NOTIFY_CRON = "*/10 * * * * * *";

/**
 * `env`, completed. What an operator would have to set for the cloud can be read off here. A
 * variable that is empty is not set.
 */
export function localEnvironment(env: Environment, trtcEndpoint: string): Environment {
  const isSet = (value: string | undefined) => value !== undefined && value !== "";
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => isSet(value)));
  const tick = set["EXPIRY_TICK_SECONDS"] ?? EXPIRY_TICK_SECONDS;
  const events = localEvents(trtcEndpoint, set);
  return {
    TRTC_ENDPOINT: trtcEndpoint,
    ALLOW_PRIVATE_STREAM_HOSTS: "on",
    ALLOW_PRIVATE_NOTIFY_HOSTS: "on",
    EXPIRY_TICK_SECONDS: tick,
    EXPIRY_CRON: cronOf(Number(tick)),
    SETTLE_CRON,
    NOTIFY_CRON,
    CALLERS: JSON.stringify([
      {
        Id: LOCAL_CALLER.Id,
        SecretKeys: [LOCAL_CALLER.SecretKey],
        SdkAppIds: DEFAULT_APPLICATIONS.map(({ sdkAppId }) => sdkAppId),
        // Nobody's login is worth anything here, and robots with names are easier to tell apart.
        UserPattern: "[A-Za-z0-9_-]+",
      },
    ]),
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

/** Where events come from on one machine; the emulator serves what is stored in the buckets. */
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
 * Rules and sources name a caller of CALLERS: the first one there, if it can be read. Absent: nobody
 * set CALLERS, or RULES and EVENT_CALLERS are set as well, or nothing there can be made use of.
 */
export function ownEventCaller({
  CALLERS = "",
  RULES = "",
  EVENT_CALLERS = "",
}: Environment): { Id: string; SdkAppId: number } | undefined {
  if (CALLERS === "" || (RULES !== "" && EVENT_CALLERS !== "")) return undefined;
  try {
    const [first] = JSON.parse(CALLERS) as { Id?: unknown; SdkAppIds?: unknown[] }[];
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
  // Callers that cannot be read are refused with words of their own.
  if (!own && set["CALLERS"] !== undefined) return {};
  const Caller = own?.Id ?? LOCAL_CALLER.Id;
  const SdkAppId = own?.SdkAppId ?? DEFAULT_APPLICATIONS[0]?.sdkAppId;
  const played = {
    ...{ Caller, SdkAppId, RoomId: "{name}", RoomIdType: 0 },
    ...{ StreamUrl: `${trtcEndpoint}/media/{key}`, RepeatNum: -1, MaxDuration: 5 },
  };
  const sources = [
    ...[`ckafka:${ckafka}`, `cmq:${cmq}`, sqs],
    ...[`cloudevents:${cloudevents}`, `eventbridge:${eventbridge}`],
  ];
  return {
    RULES: JSON.stringify([cos, s3].map((Bucket) => ({ Bucket, ...played }))),
    EVENT_CALLERS: JSON.stringify(sources.map((Source) => ({ Source, Caller }))),
  };
}

/** At least as often as the ticks come: a run takes care of what falls due before the next tick. */
const cronOf = (tickSeconds: number): string =>
  tickSeconds < 60 ? `*/${Math.floor(tickSeconds)} * * * * * *` : "0 */1 * * * * *";
