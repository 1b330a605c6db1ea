/**
 * What becomes of cloud events: for which stored objects something is played, and who acts for a
 * message of a queue. An event carries no caller's key, so the operator names the caller for each
 * place that events come from; a message cannot choose another.
 */
import { type Static, Type } from "@sinclair/typebox";
import type { Environment } from "./environment.js";
import type { Caller } from "./callers.js";
import { FIELDS } from "../contract/fields.js";
import { readList, refuseIfAny, uniquely } from "./read-variables.js";
import { templateFault, urlTemplateFault } from "./templates.js";

const CLOSED = { additionalProperties: false };
const { cn } = FIELDS;
const name = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
const template = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** An object that is created in this bucket, and whose key fits, is played as the rest says. */
const ruleSchema = Type.Object(
  {
    /** As it comes in the event; a COS bucket with its APPID. */
    Bucket: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{1,62}$" }),
    Prefix: Type.Optional(template(1024)),
    Suffix: Type.Optional(template(1024)),
    /** Whose ingest it is, and whose grant holds: an Id of CALLERS. */
    Caller: name,
    SdkAppId: Type.Optional(cn.SdkAppId),
    /** A template, as UserId and StreamUrl are. */
    RoomId: template(256),
    RoomIdType: Type.Optional(cn.RoomIdType),
    UserId: Type.Optional(template(256)),
    /** Where the object is to be had in public; absent: its own address, presigned. */
    StreamUrl: Type.Optional(template(1024)),
    RepeatNum: Type.Optional(cn.RepeatNum),
    MaxDuration: Type.Optional(cn.MaxDuration),
    Volume: Type.Optional(cn.Volume),
    SeekSecond: Type.Optional(cn.SeekSecond),
    AutoPush: Type.Optional(cn.AutoPush),
    /** The bucket's region, if the event does not name it in full. */
    Region: Type.Optional(Type.String({ pattern: "^[a-z0-9-]{2,32}$" })),
    /** Whose fixed keys of TRTC_ACCOUNTS presign; absent: the execution role's. */
    Account: Type.Optional(name),
  },
  CLOSED,
);

/** Who acts for the messages of one place. */
const eventCallerSchema = Type.Object(
  {
    /** `ckafka:<topic>`, `cmq:<topic>`, a queue's ARN, `cloudevents:<source>`, `eventbridge:<source>`. */
    Source: Type.String({ minLength: 1, maxLength: 512 }),
    Caller: name,
  },
  CLOSED,
);

/** The variables, and what each entry of their lists is. */
export const EVENT_SCHEMAS = { RULES: ruleSchema, EVENT_CALLERS: eventCallerSchema };

export interface EventConfig {
  /** What is played of stored objects: by the first that fits. */
  rules: readonly Rule[];
  /** From a source to the Id of the caller that acts for its messages. */
  eventCallers: ReadonlyMap<string, string>;
}

export type Rule = Static<typeof ruleSchema>;

type Callers = readonly Pick<Caller, "Id" | "SdkAppIds">[];

/** Without the callers, which are wrong themselves then, everything else is judged. */
export function readRules(env: Environment, callers: Callers | undefined): Rule[] {
  const rules = readList(env, "RULES", { schema: ruleSchema });
  refuseIfAny(
    rules.flatMap((rule, index) =>
      [
        unknownCaller(rule, callers),
        foreignApplication(rule, callers),
        ...(["RoomId", "UserId", "StreamUrl"] as const).map((field) => {
          const fault = templateFault(rule[field] ?? "");
          return fault && `${field} ${fault}`;
        }),
        urlFault(rule),
      ].map((fault) => fault && `RULES[${index}]: ${fault}`),
    ),
  );
  return rules;
}

/** From a source to the Id of its caller. */
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

/** The form alone: which hosts the caller may play from is looked at with each object. */
function urlFault({ StreamUrl }: Rule): string | undefined {
  if (StreamUrl === undefined || templateFault(StreamUrl) !== undefined) return undefined;
  const fault = urlTemplateFault(StreamUrl);
  return fault && `StreamUrl ${fault}`;
}

const unknownCaller = ({ Caller: id }: { Caller: string }, callers: Callers | undefined) =>
  callers?.some(({ Id }) => Id === id) === false ? "its Caller is not in CALLERS" : undefined;

function foreignApplication({ Caller: id, SdkAppId }: Rule, callers: Callers | undefined) {
  const caller = callers?.find(({ Id }) => Id === id);
  if (!caller) return undefined;
  if (SdkAppId === undefined) {
    return caller.SdkAppIds.length > 1
      ? "SdkAppId is missing: its Caller has several applications"
      : undefined;
  }
  return caller.SdkAppIds.includes(SdkAppId) ? undefined : "SdkAppId is none of its Caller's";
}
