/** TRTC_APPS: the applications, each with its keys, its site and what is usual for its ingests. */
import { type Static, Type } from "@sinclair/typebox";
import type { Environment } from "./environment.js";
import { FIELDS } from "../contract/fields.js";
import { readList, refuseIfAny, sharedKeys, uniquely } from "./read-variables.js";
import { CLOSED, name, secret } from "./setting-types.js";
import { DEFAULT_REGION, SITE_FACTS, SITES, type Site } from "../contract/sites.js";

export const applicationSchema = Type.Object(
  {
    SdkAppId: FIELDS.cn.SdkAppId,
    /** The application's SDKSecretKey: it signs UserSig and PrivateMapKey. */
    SecretKey: secret,
    Site: Type.Optional(Type.Unsafe<Site>({ type: "string", enum: SITES })),
    Region: Type.Optional(name),
    /** Whose cloud credentials call TRTC, and whose 20 calls a second are used; default: the site. */
    Account: Type.Optional(name),
    AdvancedPermission: Type.Optional(Type.Boolean()),
    /**
     * Any of them signs TRTC's callbacks, as set in its console: two while one is being changed. An
     * application without one refuses them.
     */
    CallbackKeys: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Za-z0-9]{1,32}$" }), { minItems: 1, maxItems: 4 }),
    ),
    /** Of starts that do not say. */
    StopWhenEmptySeconds: Type.Optional(FIELDS.cn.StopWhenEmptySeconds),
    /** Of starts that say neither MaxDuration nor StopTime, in minutes; else DEFAULT_MAX_DURATION. */
    DefaultMaxDuration: Type.Optional(FIELDS.cn.MaxDuration),
  },
  CLOSED,
);

type Entry = Static<typeof applicationSchema>;

/** These have no default here: what is not set is not done, or is set for all applications. */
type Unset = "CallbackKeys" | "StopWhenEmptySeconds" | "DefaultMaxDuration";

export type Application = Required<Omit<Entry, Unset>> & Pick<Entry, Unset>;

/** Throws ConfigError. */
export function readApplications(env: Environment): Map<number, Application> {
  const entries = readList(env, "TRTC_APPS", { schema: applicationSchema, required: true });
  const applications = entries.map((entry): Application => {
    const site = entry.Site ?? "intl";
    const defaults = { Site: site, Region: DEFAULT_REGION, Account: site };
    return { ...defaults, AdvancedPermission: false, ...entry };
  });
  const bySdkAppId = uniquely("TRTC_APPS", "SdkAppId", applications);
  refuseIfAny([
    ...applications.flatMap(({ Site, Region, StopWhenEmptySeconds = 0, CallbackKeys }, index) => {
      const { regions } = SITE_FACTS[Site];
      const place = `TRTC_APPS[${index}]`;
      return [
        regions.includes(Region)
          ? undefined
          : `${place}: Region must be one of ${regions.join(", ")}`,
        StopWhenEmptySeconds === 0 || CallbackKeys !== undefined
          ? undefined
          : `${place}: StopWhenEmptySeconds needs CallbackKeys, since callbacks tell who is there`,
      ];
    }),
    // TRTC signs the body, not the header that says whose it is: it would be the other's as well.
    ...sharedKeys(
      "TRTC_APPS",
      "CallbackKey",
      applications.map(({ CallbackKeys = [] }) => CallbackKeys),
    ),
  ]);
  return bySdkAppId;
}
