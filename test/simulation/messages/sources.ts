/** Sources of messages and their callers: one source of every kind that the function accepts. */
import { type EventKind, EVENT_KINDS } from "../../../ops/event/build-event.js";
import { LOCAL_SOURCES } from "../../../local/environment/local-environment.js";

/** TRTC fetches stored objects from these hosts of the workload. */
const HOSTS = ["media", "broken", "flaky", "stuck"];

const APPID = "1250000000";

const OBJECT_KINDS = ["cos", "s3"] as const;

export type ObjectKind = (typeof OBJECT_KINDS)[number];

export const isObjectKind = (kind: EventKind): kind is ObjectKind =>
  OBJECT_KINDS.some((each) => each === kind);

/** Two callers, each with its own sources. */
export const callerOf = (kind: EventKind): string =>
  kind === "sqs" || kind === "cmq" || kind === "s3" ? "editor" : "backend";

export const bucketOf = (kind: ObjectKind, host: string): string =>
  kind === "cos" ? `${host}-${APPID}` : host;

/** The start's fields for a stored object, without its address. */
export const RULE_FIELDS = {
  cos: { RoomId: "stage", RoomIdType: 0, RepeatNum: -1, MaxDuration: 2 },
  s3: { RoomId: "lobby", RoomIdType: 0, RepeatNum: 2, MaxDuration: 4 },
} as const satisfies Record<ObjectKind, object>;

const RULES = OBJECT_KINDS.flatMap((kind) =>
  HOSTS.map((host) => ({
    ...RULE_FIELDS[kind],
    Bucket: bucketOf(kind, host),
    Caller: callerOf(kind),
    StreamUrl: `https://${host}.example/{key}`,
  })),
);

const sourceOf = (kind: EventKind): string =>
  kind === "sqs" ? LOCAL_SOURCES.sqs : `${kind}:${LOCAL_SOURCES[kind]}`;

const EVENT_CALLERS = EVENT_KINDS.filter((kind) => !isObjectKind(kind)).map((kind) => ({
  Source: sourceOf(kind),
  Caller: callerOf(kind),
}));

export const EVENT_SETTINGS = {
  RULES: JSON.stringify(RULES),
  EVENT_CALLERS: JSON.stringify(EVENT_CALLERS),
};
