/**
 * Who may call, and what each caller may do: the entries of CALLERS. Who may read the health of the
 * whole deployment, and act for all callers: the entries of OPERATOR_KEYS.
 */
import { createHash } from "node:crypto";
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import type { Environment } from "./environment.js";
import { FIELDS, LONGEST_INGEST_MINUTES, MAX_DURATION_MINUTES } from "../contract/fields.js";
import { budgetsFault, budgetsSchema } from "./money/budgets.js";
import { NOTIFY_FIELDS, notifyFault, type Receiver, receiverOf } from "./notify-settings.js";
import { type Pattern, patternFault, readPattern } from "./patterns.js";
import { readList, refuseIfAny, sharedKeys, uniquely } from "./read-variables.js";
import { CLOSED, name, secret } from "./setting-types.js";

const pattern = Type.String({ minLength: 1, maxLength: 512 });

export const callerSchema = Type.Object(
  {
    /** Shown in logs and stored with each ingest. It is the SecretId of a signed request. */
    Id: name,
    /** Any of them signs, or is sent as a Bearer key. Two serve during a rotation. */
    SecretKeys: Type.Array(secret, { minItems: 1, maxItems: 4 }),
    SdkAppIds: Type.Array(FIELDS.cn.SdkAppId, { minItems: 1, maxItems: 1000, uniqueItems: true }),
    /** A regular expression that must match the whole RoomId. */
    RoomPattern: Type.Optional(pattern),
    /**
     * A regular expression for UserIds that we sign for. Without it we sign for our own robots
     * only. A login made here is as good as the user's own.
     */
    UserPattern: Type.Optional(pattern),
    /** The number of live ingests it may have at once, including those that are starting. */
    MaxIngests: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** The number of ingests it may start in any 60 seconds. */
    StartsPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** Hosts that it may play from: exact names, or `*.example.com`. */
    StreamHosts: Type.Optional(
      Type.Array(
        Type.String({ pattern: "^(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*$", maxLength: 253 }),
        { minItems: 1 },
      ),
    ),
    /** Its longest ingest, in minutes. Beyond seven days an ingest needs KeepAlive. */
    MaxDuration: Type.Optional(Type.Integer({ minimum: 1, maximum: LONGEST_INGEST_MINUTES })),
    /** What all its ingests together may cost. */
    Budgets: Type.Optional(budgetsSchema),
    ...NOTIFY_FIELDS,
  },
  CLOSED,
);

export interface Caller extends Static<typeof callerSchema> {
  roomRule: Pattern | undefined;
  userRule: Pattern | undefined;
  maxDurationMinutes: number;
  /** Absent: it gets no notifications. */
  receiver: Receiver | undefined;
}

/** An option that is `undefined` has a fault of its own. The checks that need it are skipped. */
export function readCallers(
  env: Environment,
  {
    applications,
    allowPrivateNotifyHosts: allowPrivateHosts = true,
  }: {
    applications: ReadonlyMap<number, unknown> | undefined;
    allowPrivateNotifyHosts: boolean | undefined;
  },
): Caller[] {
  const callers = readList(env, "CALLERS", { schema: callerSchema, required: true });
  uniquely("CALLERS", "Id", callers);
  refuseIfAny([
    ...callers.map(({ SdkAppIds }, index) => {
      const foreign = SdkAppIds.find((id) => applications?.has(id) === false);
      if (foreign === undefined) return undefined;
      return `CALLERS[${index}]: SdkAppId ${foreign} is not in TRTC_APPS`;
    }),
    ...callers.flatMap((caller, index) =>
      (["RoomPattern", "UserPattern"] as const).map((name) => {
        const fault = caller[name] === undefined ? undefined : patternFault(caller[name]);
        return fault && `CALLERS[${index}]: ${name} ${fault}`;
      }),
    ),
    ...callers.map(({ Budgets }, index) => {
      const fault = budgetsFault(Budgets);
      return fault && `CALLERS[${index}]: ${fault}`;
    }),
    ...callers.map((caller, index) => {
      const fault = notifyFault(caller, { allowPrivateHosts });
      return fault && `CALLERS[${index}]: ${fault}`;
    }),
    // With a shared key we cannot tell which of them calls.
    ...sharedKeys(
      "CALLERS",
      "SecretKey",
      callers.map(({ SecretKeys }) => SecretKeys),
    ),
  ]);
  return callers.map((entry) => ({
    ...entry,
    roomRule: ruleOf(entry.RoomPattern),
    userRule: ruleOf(entry.UserPattern),
    maxDurationMinutes: entry.MaxDuration ?? MAX_DURATION_MINUTES,
    receiver: receiverOf(entry),
  }));
}

const ruleOf = (text: string | undefined): Pattern | undefined =>
  text === undefined ? undefined : readPattern(text);

export const operatorSchema = Type.Object(
  {
    /** Shown in the log. */
    Name: name,
    /** Any of them is sent as a Bearer key. Two serve during a rotation. */
    SecretKeys: Type.Array(secret, { minItems: 1, maxItems: 4 }),
  },
  CLOSED,
);

/** The name of each operator, by the SHA-256 of each key. */
export function readOperators(env: Environment): Map<string, string> {
  const operators = readList(env, "OPERATOR_KEYS", { schema: operatorSchema });
  uniquely("OPERATOR_KEYS", "Name", operators);
  const keysOf = operators.map(({ SecretKeys }) => SecretKeys);
  refuseIfAny(sharedKeys("OPERATOR_KEYS", "SecretKey", keysOf));
  return new Map(
    operators.flatMap(({ Name, SecretKeys }) =>
      SecretKeys.map((key): [string, string] => [keyDigest(key), Name]),
    ),
  );
}

/** A look-up by the digest takes no time that depends on the key. */
export const keyDigest = (key: string): string => createHash("sha256").update(key).digest("hex");
