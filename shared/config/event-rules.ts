/**
 * Settings for cloud events: which stored objects are played, and which caller a queue message acts
 * for. An event carries no caller's key, so the operator names a caller for each source. A message
 * cannot choose another caller.
 */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import type { Environment } from "./environment.js";
import type { Caller } from "./callers.js";
import { FIELDS } from "../contract/fields.js";
import { SCHEDULE_FIELDS } from "../contract/schedules/fields.js";
import { readList, refuseIfAny, uniquely } from "./read-variables.js";
import { templateFault, urlTemplateFault } from "./templates.js";

const CLOSED = { additionalProperties: false };
const { cn } = FIELDS;
const name = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
const template = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** Plays each object that is created in this bucket and whose key matches. */
const ruleSchema = Type.Object(
  {
    /** As the event names it. A COS bucket includes its APPID. */
    Bucket: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{1,62}$" }),
    Prefix: Type.Optional(template(1024)),
    Suffix: Type.Optional(template(1024)),
    /** The Id in CALLERS of the caller that owns the ingest and whose limits apply. */
    Caller: name,
    /** Runs this schedule of the caller. The schedule says what plays and where. */
    ScheduleId: Type.Optional(SCHEDULE_FIELDS.ScheduleId),
    SdkAppId: Type.Optional(cn.SdkAppId),
    /** A template, like UserId and StreamUrl. */
    RoomId: Type.Optional(template(256)),
    RoomIdType: Type.Optional(cn.RoomIdType),
    UserId: Type.Optional(template(256)),
    /** The object's public address. Absent: its own address, presigned. */
    StreamUrl: Type.Optional(template(1024)),
    RepeatNum: Type.Optional(cn.RepeatNum),
    MaxDuration: Type.Optional(cn.MaxDuration),
    Volume: Type.Optional(cn.Volume),
    SeekSecond: Type.Optional(cn.SeekSecond),
    AutoPush: Type.Optional(cn.AutoPush),
    ProbeSource: Type.Optional(cn.ProbeSource),
    /** The bucket's region, for events that do not name it in full. */
    Region: Type.Optional(Type.String({ pattern: "^[a-z0-9-]{2,32}$" })),
    /** The account in TRTC_ACCOUNTS whose fixed keys presign. Absent: the execution role's keys. */
    Account: Type.Optional(name),
  },
  CLOSED,
);

/** The caller for the messages of one source. */
const eventCallerSchema = Type.Object(
  {
    /** `ckafka:<topic>`, `cmq:<topic>`, a queue's ARN, `cloudevents:<source>`, `eventbridge:<source>`. */
    Source: Type.String({ minLength: 1, maxLength: 512 }),
    Caller: name,
  },
  CLOSED,
);

/** The variables, with the schema of an entry. */
export const EVENT_SCHEMAS = { RULES: ruleSchema, EVENT_CALLERS: eventCallerSchema };

export interface EventConfig {
  /** The rules for stored objects. The first rule that matches applies. */
  rules: readonly Rule[];
  /** The caller's Id for each source. */
  eventCallers: ReadonlyMap<string, string>;
}

export type Rule = Static<typeof ruleSchema>;

type Callers = readonly Pick<Caller, "Id" | "SdkAppIds">[];

/** The fields of a rule that may have places to fill. */
const TEMPLATE_FIELDS = ["RoomId", "UserId", "StreamUrl"] as const;

/** Callers that are wrong are `undefined`. The checks that need them are skipped. */
export function readRules(env: Environment, callers: Callers | undefined): Rule[] {
  const rules = readList(env, "RULES", { schema: ruleSchema });
  refuseIfAny(
    rules.flatMap((rule, index) =>
      [
        unknownCaller(rule, callers),
        foreignApplication(rule, callers),
        ...TEMPLATE_FIELDS.map((field) => {
          const fault = templateFault(rule[field] ?? "");
          return fault && `${field} ${fault}`;
        }),
        urlFault(rule),
        scheduleFault(rule),
      ].map((fault) => fault && `RULES[${index}]: ${fault}`),
    ),
  );
  return rules;
}

/** The caller's Id for each source. */
export function readEventCallers(
  env: Environment,
  callers: Callers | undefined,
): Map<string, string> {
  const entries = readList(env, "EVENT_CALLERS", { schema: eventCallerSchema });
  refuseIfAny(
    entries.map((entry, index) => {
      const fault = unknownCaller(entry, callers);
      return fault && `EVENT_CALLERS[${index}]: ${fault}`;
    }),
  );
  const bySource = uniquely("EVENT_CALLERS", "Source", entries);
  return new Map([...bySource].map(([source, { Caller }]) => [source, Caller]));
}

/** Checks the form only. The caller's hosts are checked with each object. */
function urlFault({ StreamUrl }: Rule): string | undefined {
  if (StreamUrl === undefined || templateFault(StreamUrl) !== undefined) return undefined;
  const fault = urlTemplateFault(StreamUrl);
  return fault && `StreamUrl ${fault}`;
}

/** The fields of a rule that find the object and its caller. */
const FINDING = ["Bucket", "Prefix", "Suffix", "Caller", "ScheduleId"];

function scheduleFault(rule: Rule): string | undefined {
  if (rule.ScheduleId === undefined) {
    return rule.RoomId === undefined ? "RoomId or ScheduleId is missing" : undefined;
  }
  const other = Object.keys(rule).find((field) => !FINDING.includes(field));
  return other && `${other} has no effect beside ScheduleId: leave it out`;
}

const unknownCaller = ({ Caller: id }: { Caller: string }, callers: Callers | undefined) =>
  callers?.some(({ Id }) => Id === id) === false ? "its Caller is not in CALLERS" : undefined;

function foreignApplication(
  { Caller: id, SdkAppId, ScheduleId }: Rule,
  callers: Callers | undefined,
) {
  const caller = callers?.find(({ Id }) => Id === id);
  if (!caller) return undefined;
  if (ScheduleId !== undefined) return undefined;
  if (SdkAppId === undefined) {
    return caller.SdkAppIds.length > 1
      ? "SdkAppId is missing: its Caller has several applications"
      : undefined;
  }
  return caller.SdkAppIds.includes(SdkAppId) ? undefined : "its Caller may not use this SdkAppId";
}
