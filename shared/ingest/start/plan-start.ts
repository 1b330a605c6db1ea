/**
 * Plans a start before any write or call: grant, room, URL, deadline, robot, and the hash that
 * compares two requests.
 */
import { createHash } from "node:crypto";
import { ApiError } from "../../contract/errors.js";
import type { Play } from "../../store/ingests/ingest-row.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { Application } from "../../config/configuration.js";
import { budgetsFor } from "../../config/money/budgets.js";
import { NUMERIC_ROOM } from "../../contract/fields.js";
import type { Requests } from "../../contract/schemas.js";
import { newIngestIds } from "../ids.js";
import {
  type Bounds,
  deadlineFrom,
  earliest,
  isLoop,
  mayRestart,
  outlastsTask,
} from "../lifecycle.js";
import { checkProgramme } from "../programme/check-programme.js";
import { planProgramme, urlsOf } from "../programme/plan-programme.js";
import type { Programme } from "../../store/programmes/programme-row.js";
import { sortedText } from "../../json.js";
import { endRefusal } from "./end-refusal.js";
import { boundsAsked, scheduleOf, startTimeRefusal } from "./start-time.js";
import { checkRoomGrant, checkStreamGrant, checkUserGrant } from "../policy.js";
import { loginRefusal, type Robot } from "./robot.js";
import type { Call, Services } from "../services.js";

export interface StartPlan {
  application: Application;
  robot: Robot;
  bounds: Bounds;
  row: NewIngest;
  /**
   * Set when the StopTime or the login has expired. A repeat of an earlier, timely start still gets
   * its answer.
   */
  refusal: ApiError | undefined;
}

type StartRequest = Requests["StartStreamIngest"];

/** What a plan needs. It reads no store and calls nothing. */
export type Planner = Pick<Services, "config" | "clock" | "randomBytes" | "zones">;

export function planStart(
  { config, clock, randomBytes }: Planner,
  call: Call<"StartStreamIngest">,
): StartPlan {
  const { caller, request, application } = call;
  const now = clock.now();
  const room = { roomId: request.RoomId, roomIdType: request.RoomIdType ?? NUMERIC_ROOM };
  checkRoomGrant(caller, room.roomId, room.roomIdType);
  checkUserGrant(caller, request);
  const asked = boundsAsked(request, {
    limitMinutes: caller.maxDurationMinutes,
    defaultMinutes: application.DefaultMaxDuration ?? config.defaultMaxDurationMinutes,
    isLoop: isLoop(request),
  });
  // A batch of messages does not wait for the StartTime of one of them.
  const waitMaxMs = call.isMessage === true ? 0 : call.timeLeftMs();
  const schedule = scheduleOf(request, { now, waitMaxMs });
  const startsAt = schedule?.startsAt ?? now;
  const { occurrence } = call;
  const reaching = {
    isBeyondCap: outlastsTask(startsAt, asked),
    isOccurrence: occurrence !== undefined,
  };
  checkProgramme(request, reaching);
  for (const [field, url] of urlsOf(request)) checkStreamGrant(config, caller, url, field);
  const programme = planProgramme(request, { ...reaching, clockFrom: occurrence?.clockFrom });
  const play = playOf(call, programme);
  const bounds = {
    ...asked,
    isLoop: isLoop(play),
    mayRestart: mayRestart(programme ?? null),
  };
  const ids = newIngestIds(now, randomBytes);
  const robot = { ...room, userId: request.UserId ?? ids.robotUserId };
  const { deadlineAt, latestAt } = deadlineFrom(startsAt, bounds);
  const requestHash = hashOf(application.SdkAppId, call);
  const row: NewIngest = {
    taskId: ids.taskId,
    callerId: caller.Id,
    account: application.Account,
    site: application.Site,
    region: call.region ?? application.Region,
    sdkAppId: application.SdkAppId,
    ...room,
    robotUserId: robot.userId,
    play,
    programme: programme ?? null,
    clientToken: occurrence?.clientToken ?? tokenOf(call),
    requestHash,
    createdAt: now,
    deadlineAt,
    latestAt,
    prices: config.prices[application.Site],
    quotas: { maxIngests: caller.MaxIngests, startsPerMinute: caller.StartsPerMinute },
    budgets: budgetsFor({ caller, application }),
    notify: caller.receiver !== undefined,
    occurrence: occurrence?.of ?? null,
    emptySeconds: emptySecondsOf(application, request),
    schedule: schedule && { ...schedule, startBy: earliest(schedule.startBy, deadlineAt) },
  };
  const refusal =
    (schedule && startTimeRefusal(schedule, now)) ??
    endRefusal(bounds, { now, startsAt }) ??
    loginRefusal(application, room, { brought: request, now });
  return { application, robot, bounds, row, refusal };
}

/** Without callbacks every room would look empty. */
function emptySecondsOf(
  { CallbackKeys, StopWhenEmptySeconds: usual = 0 }: Application,
  { StopWhenEmptySeconds: seconds = usual }: StartRequest,
): number | null {
  if (seconds === 0) return null;
  if (CallbackKeys !== undefined) return seconds;
  throw new ApiError(
    "InvalidParameterValue",
    "StopWhenEmptySeconds needs TRTC's callbacks, which this application does not take: set CallbackKeys in TRTC_APPS, or leave it out.",
  );
}

const PLAY_FIELDS = [
  "SeekSecond",
  "AutoPush",
  "RepeatNum",
  "Volume",
  "EnableProgress",
  "Tempo",
  "IdleTimeout",
] as const satisfies readonly Exclude<keyof Play, "Stored">[];

/**
 * A programme has its own end for each item. Its task is always a loop, so that TRTC does not end
 * it before the next item is due.
 */
const playOf = (
  { request, source }: Call<"StartStreamIngest">,
  programme: Programme | undefined,
): Play => ({
  StreamUrl: programme?.items[programme.anchor.index]?.StreamUrl ?? request.StreamUrl ?? "",
  ...Object.fromEntries(
    PLAY_FIELDS.filter((field) => request[field] !== undefined).map((field) => [
      field,
      request[field],
    ]),
  ),
  ...(source === undefined ? {} : { Stored: source }),
  ...(programme === undefined ? {} : { RepeatNum: -1 }),
});

/**
 * The hash excludes signed texts. A retry may have new signatures and is still the same request.
 * ProbeSource says how the source is checked, not what plays. So a retry without it asks for the
 * same ingest.
 */
const NOT_COMPARED = new Set<string>(["ClientToken", "UserSig", "PrivateMapKey", "ProbeSource"]);

/**
 * The hash of a stored object uses only its name. Its event rule may have changed since the first
 * request.
 */
function hashOf(sdkAppId: number, call: Call<"StartStreamIngest">): string {
  const { request, region, streamName } = call;
  const compared =
    streamName === undefined
      ? { ...request, SdkAppId: sdkAppId, Region: region }
      : { StreamUrl: streamName };
  const entries = Object.entries(compared)
    .filter(([field, value]) => !NOT_COMPARED.has(field) && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(sortedText(entries)).digest("base64url");
}

/**
 * True when the caller can name the same start again. A ClientToken allows this. A signature does
 * not: an SDK signs each retry anew, so only a replay has the same signature.
 */
export const isRepeatable = (clientToken: string | null): boolean =>
  clientToken?.startsWith(TOKEN) === true;

const TOKEN = "token ";

/** The ClientToken as the row stores it, distinct from signatures. */
export const storedToken = (clientToken: string): string => `${TOKEN}${clientToken}`;

/** The caller's ClientToken, or null when a signature names the start. */
export const ownToken = (stored: string | null): string | null =>
  stored?.startsWith(TOKEN) === true ? stored.slice(TOKEN.length) : null;

/** Names the start: its ClientToken or its signature. An equal signature means an equal request. */
function tokenOf({ request, signature }: Call<"StartStreamIngest">): string | null {
  if (request.ClientToken !== undefined) return storedToken(request.ClientToken);
  if (signature === undefined) return null;
  return `signature ${createHash("sha256").update(signature).digest("base64url")}`;
}
