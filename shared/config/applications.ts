/** TRTC_APPS: the applications, each with its keys, its site and the defaults of its ingests. */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import type { Environment } from "./environment.js";
import { FIELDS } from "../contract/fields.js";
import { budgetsFault, budgetsSchema } from "./money/budgets.js";
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
    /**
     * The account whose cloud credentials call TRTC, with its 20 calls a second. Default: the site.
     */
    Account: Type.Optional(name),
    AdvancedPermission: Type.Optional(Type.Boolean()),
    /**
     * Keys that sign TRTC's callbacks, as set in its console. Any of them is valid; two serve
     * during a change. An application without keys refuses callbacks.
     */
    CallbackKeys: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Za-z0-9]{1,32}$" }), { minItems: 1, maxItems: 4 }),
    ),
    /** For starts without the field. */
    StopWhenEmptySeconds: Type.Optional(FIELDS.cn.StopWhenEmptySeconds),
    /**
     * In minutes, for starts with neither MaxDuration nor StopTime. Default: DEFAULT_MAX_DURATION.
     */
    DefaultMaxDuration: Type.Optional(FIELDS.cn.MaxDuration),
    /** What all ingests in it together may cost, of all callers. */
    Budgets: Type.Optional(budgetsSchema),
  },
  CLOSED,
);

type Entry = Static<typeof applicationSchema>;

/** Fields without a default here: they are off, or have a default for all applications. */
type Unset = "CallbackKeys" | "StopWhenEmptySeconds" | "DefaultMaxDuration" | "Budgets";

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
    ...applications.flatMap((application, index) => {
      const { Site, Region, StopWhenEmptySeconds = 0, CallbackKeys, Budgets } = application;
      const { regions } = SITE_FACTS[Site];
      const place = `TRTC_APPS[${index}]`;
      const ofBudgets = budgetsFault(Budgets);
      return [
        ofBudgets && `${place}: ${ofBudgets}`,
        regions.includes(Region)
          ? undefined
          : `${place}: Region must be one of ${regions.join(", ")}`,
        StopWhenEmptySeconds === 0 || CallbackKeys !== undefined
          ? undefined
          : `${place}: StopWhenEmptySeconds needs CallbackKeys, because callbacks report who is in the room`,
      ];
    }),
    // TRTC signs the body but not the header that names the application. With a shared key one
    // application's callback would pass as the other's.
    ...sharedKeys(
      "TRTC_APPS",
      "CallbackKey",
      applications.map(({ CallbackKeys = [] }) => CallbackKeys),
    ),
  ]);
  return bySdkAppId;
}
