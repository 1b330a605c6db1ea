/** Correct requests for every action, as events. Tests then make them wrong. */
import type { TObject, TSchema } from "@sinclair/typebox";
import fc from "../properties.js";
import { systemClock as clock } from "../../../shared/clock.js";
import { type Action, ACTIONS, SCHEMAS } from "../../../shared/contract/schemas.js";
import { type Site, SITES } from "../../../shared/contract/sites.js";
import { FUNCTION_OF } from "../app/functions.js";
import { CN_APP, INTL_APP, KEY, SECRET_ID } from "../app/test-app.js";
import { HOST, signedTc3 } from "../http/http-requests.js";
import type { Wrong } from "./refusals.js";
import { REQUIRED_OF_SCHEDULES } from "./schedules.js";
import { fittingRequests } from "./schema-values.js";

export type Fields = Record<string, unknown>;

export interface Target {
  action: Action;
  site: Site;
  schema: TObject;
}

export const TARGETS: Target[] = ACTIONS.flatMap((action) =>
  SITES.map((site) => ({ action, site, schema: SCHEMAS[action][site] })),
);

export const fieldsOf = ({ schema }: Target): [name: string, schema: TSchema][] =>
  Object.entries<TSchema>(schema.properties);

/**
 * The existing objects: a running ingest and a schedule with an occurrence on each site, and media
 * to play.
 */
export interface Existing {
  clip: string;
  taskIds: Record<Site, string>;
  schedules: Record<Site, { ScheduleId: string; StartTime: string }>;
}

/** Fields that must match other data. Any value of the other fields keeps the request correct. */
const DELICATE = new Set(
  ["UserId", "UserSig", "PrivateMapKey", "StopTime", "MaxDuration", "Cursor"].concat(
    "ClientToken",
    "ExtendableUntil",
    "StartTime",
    "StartWindowSeconds",
    "Sequence",
    "SeekSecond",
    "Playlist",
    "PlaylistRefresh",
    "InsertNext",
    "SkipItem",
    "ItemIndex",
    "PlaylistRepeatNum",
    "StartIndex",
    "OnItemFailure",
    "FillerStreamUrl",
    "BackupStreamUrl",
    "SourceClearSeconds",
    "SourcePreference",
    "RestartsPerHour",
    "ScheduleId",
    "Ingest",
    "TimeZone",
    "Windows",
    "EndTime",
    "ExcludeDates",
    "CatchupSeconds",
    "DurationSeconds",
    "From",
    "To",
  ),
);

export function rightRequests(target: Target, existing: Existing): fc.Arbitrary<Fields> {
  const needed = neededBy(target, existing);
  return fittingRequests(target.schema).map((fields) => {
    const plain = Object.entries(fields).filter(([name]) => !DELICATE.has(name));
    return { ...Object.fromEntries(plain), ...needed };
  });
}

function neededBy({ action, site }: Target, { clip, taskIds, schedules }: Existing): Fields {
  const SdkAppId = site === "cn" ? CN_APP : INTL_APP;
  const named = { SdkAppId, TaskId: taskIds[site] };
  const Ingest = { SdkAppId, RoomId: "room", RoomIdType: 0, StreamUrl: clip };
  const { ScheduleId, StartTime } = schedules[site];
  switch (action) {
    case "StartStreamIngest":
      return Ingest;
    case "UpdateStreamIngest":
      return { ...named, StreamUrl: clip };
    case "StopStreamIngest":
    case "DescribeStreamIngest":
    case "DescribeIngestTimeline":
      return named;
    case "ListStreamIngests":
    case "ListIngestSchedules":
    case "ListIngestOccurrences":
      return { SdkAppId };
    case "CreateIngestSchedule":
    case "PreviewIngestSchedule":
      return { ...REQUIRED_OF_SCHEDULES.CreateIngestSchedule, Name: `New of ${site}`, Ingest };
    case "UpdateIngestSchedule":
    case "DeleteIngestSchedule":
    case "DescribeIngestSchedule":
    case "RunIngestSchedule":
      return { ScheduleId };
    case "SkipIngestOccurrence":
      return { ScheduleId, StartTime };
  }
}

/** A JSON body as text or bytes, and headers that differ from the usual ones. */
export interface Body {
  body: string | Buffer;
  headers?: Record<string, string>;
}

export const bodyOf = (fields: unknown): Body => ({ body: JSON.stringify(fields) });

/**
 * Sent to the action's own function or to `api`, with a Bearer key or signed with TC3. Only the
 * body is wrong.
 */
export const sentTo = ({ action }: Target, bodies: fc.Arbitrary<Body>): fc.Arbitrary<Wrong> =>
  fc.tuple(bodies, fc.boolean(), fc.boolean()).map(([{ body, headers }, isOwn, isSigned]) => {
    const functionName = isOwn ? FUNCTION_OF[action] : "api";
    const common = { host: HOST, "content-type": "application/json", "x-tc-action": action };
    const bytes = Buffer.from(body);
    const message = {
      method: "POST",
      path: "/",
      query: "",
      parameters: {},
      body: bytes,
      headers: { ...common, ...headers },
    };
    const signer = { secretId: SECRET_ID, secretKey: KEY, at: clock.now() };
    const sent = isSigned
      ? signedTc3(message, signer).headers
      : { ...message.headers, authorization: `Bearer ${KEY}` };
    return { functionName, isSigned, event: scfEvent(sent, body) };
  });

/** In SCF's form. Bytes that are not text come in base64, as on other platforms. */
export const scfEvent = (headers: Record<string, string>, body: string | Buffer) => ({
  httpMethod: "POST",
  path: "/",
  headers,
  queryString: {},
  ...(typeof body === "string"
    ? { body }
    : { body: body.toString("base64"), isBase64Encoded: true }),
});
