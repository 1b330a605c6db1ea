/** Requests that would be carried out, were they not made wrong: as events, for every action. */
import type { TObject, TSchema } from "@sinclair/typebox";
import fc from "fast-check";
import { type Action, SCHEMAS } from "../../shared/validation/schemas.js";
import type { Site } from "../../shared/validation/sites.js";
import { CN_APP, INTL_APP, KEY } from "./house.js";
import { fittingRequests } from "./schema-values.js";

export type Fields = Record<string, unknown>;

export const DOORS: Record<Action, string> = {
  StartStreamIngest: "start-ingest",
  StopStreamIngest: "stop-ingest",
  UpdateStreamIngest: "update-ingest",
  DescribeStreamIngest: "describe-ingest",
  ListStreamIngests: "list-ingests",
};

export interface Target {
  action: Action;
  site: Site;
  schema: TObject;
}

export const targetOf = (action: Action, site: Site): Target => ({
  action,
  site,
  schema: SCHEMAS[action][site],
});

/** What is there: a running ingest for each site, and media to play. */
export interface Existing {
  clip: string;
  taskIds: Record<Site, string>;
}

/** Beside these every field may have any value of its schema without making the request wrong. */
const DELICATE = new Set([
  ...["UserId", "UserSig", "PrivateMapKey", "StopTime", "MaxDuration", "Cursor", "ClientToken"],
]);

export function rightRequests(
  { action, site, schema }: Target,
  { clip, taskIds }: Existing,
): fc.Arbitrary<Fields> {
  const SdkAppId = site === "cn" ? CN_APP : INTL_APP;
  const named = { SdkAppId, TaskId: taskIds[site] };
  const needed: Record<Action, Fields> = {
    StartStreamIngest: { SdkAppId, RoomId: "room", RoomIdType: 0, StreamUrl: clip },
    UpdateStreamIngest: { ...named, StreamUrl: clip, IsPause: true },
    StopStreamIngest: named,
    DescribeStreamIngest: named,
    ListStreamIngests: { SdkAppId },
  };
  return fittingRequests(schema).map((fields) => {
    const plain = Object.entries(fields).filter(([name]) => !DELICATE.has(name));
    return { ...Object.fromEntries(plain), ...needed[action] };
  });
}

export const fieldsOf = ({ schema }: Target): [name: string, schema: TSchema][] =>
  Object.entries<TSchema>(schema.properties);

export interface Event {
  httpMethod: string;
  path: string;
  headers: Record<string, string>;
  queryString: Record<string, string>;
  body: string;
  isBase64Encoded?: boolean;
}

/** As SCF sends it, with the local caller's Bearer key. */
export const eventOf = (body: unknown, headers: Record<string, string> = {}): Event => ({
  httpMethod: "POST",
  path: "/",
  headers: {
    host: "1250000000-abcdefghij.ap-guangzhou.tencentscf.com",
    authorization: `Bearer ${KEY}`,
    "content-type": "application/json",
    ...headers,
  },
  queryString: {},
  body: typeof body === "string" ? body : JSON.stringify(body),
});
