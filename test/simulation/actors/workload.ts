/** The callers' work. The seed draws one story for each ingest, with a time for each step. */
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { Requests } from "../../../shared/contract/schemas.js";
import type { Random } from "../random.js";
import { CALLER_IDS } from "./settings.js";
import { streamUrl } from "../platform/sources.js";
import { type Bad, badUrl } from "../platform/trtc-side.js";

export type Deed =
  | { verb: "StopStreamIngest" | "DescribeStreamIngest"; afterMs: number }
  | {
      verb: "UpdateStreamIngest";
      afterMs: number;
      /** The new deadline, counted from that moment. */
      toMs: number | undefined;
      /** The new StartTime, counted from that moment. */
      startsInMs?: number;
      /** The update changes this media. */
      media: { Volume?: number; IsPause?: boolean; StreamUrl?: string };
      /** The caller signs the request once, and sends it twice without a change. */
      isReplayed: boolean;
    };

/** What a start says about a list, a backup, and KeepAlive. */
export type ProgrammeFields = Partial<
  Pick<
    Requests["StartStreamIngest"],
    | ("Playlist" | "PlaylistRepeatNum" | "StartIndex" | "OnItemFailure" | "FillerStreamUrl")
    | ("BackupStreamUrl" | "SourceClearSeconds" | "SourcePreference")
    | ("KeepAlive" | "RestartsPerHour")
  >
>;

/** One ingest that a caller wants. */
export interface Story {
  callerId: string;
  region: string | undefined;
  atMs: number;
  /** Its StreamUrl names the story, also where a list takes its place: it plays first. */
  request: Requests["StartStreamIngest"] & { StreamUrl: string };
  /** Absent: one source plays until it ends, or until its deadline. */
  programme?: ProgrammeFields;
  /** Times of the repeats before any answer, counted from the first request. */
  againAfterMs: number[];
  /** Number of repeats after an answer with an unknown outcome. */
  retries: number;
  /** After this time the caller finds its ingest in the list and stops it, started or not. */
  stopsUnheardAfterMs: number | undefined;
  /** The caller repeats the same request long after its answer. */
  asksLater: boolean;
  /** These times count from the answer. */
  deeds: Deed[];
}

/** The request as the caller sends it. */
export function startOf({ request, programme = {} }: Story): Requests["StartStreamIngest"] {
  if (programme.Playlist === undefined) return { ...request, ...programme };
  const { StreamUrl: _, RepeatNum: _alone, ...rest } = request;
  return { ...rest, ...programme };
}

/** All stories begin within this time. In the longer case, some begin after others have ended. */
const BEGINNINGS_MS = [3 * MINUTE_MS, 3 * MINUTE_MS, 9 * MINUTE_MS];

/** Robots that callers name themselves. There are few, so they collide. */
const OWN_ROBOTS = ["dj", "host"];
const ROOMS = [
  { RoomId: "lobby", RoomIdType: 0 },
  { RoomId: "stage", RoomIdType: 0 },
  { RoomId: "77", RoomIdType: 1 },
] as const;
const REGIONS = ["ap-singapore", "ap-jakarta"];

export type Shape = "usual" | "burst of starts" | "deadlines at once";

export function drawStories({
  random,
  startMs,
  shape,
}: {
  random: Random;
  startMs: number;
  shape: Shape;
}): Story[] {
  const count = shape === "usual" ? random.between(1, 6) : random.between(25, 45);
  const beginningsMs = random.pick(BEGINNINGS_MS);
  const ownRobots = random.pick([0.1, 0.1, 0.7]);
  const together = startMs + random.between(20, 90) * SECOND_MS;
  return Array.from({ length: count }, (_, index) => {
    const own = random.fork();
    const spreadMs = { usual: beginningsMs, "burst of starts": 300, "deadlines at once": 15_000 };
    const atMs = startMs + own.between(0, spreadMs[shape]);
    const story = drawStory(own, { atMs, index, ownRobots });
    if (shape !== "deadlines at once") return story;
    const { MaxDuration, ...request } = story.request;
    const StopTime = new Date(together).toISOString();
    return { ...story, deeds: [], request: { ...request, StopTime, RepeatNum: -1 } };
  });
}

const GOOD = [undefined, undefined, undefined, undefined];

/** Some sources never open, some open only on a retry, and some delay TRTC. */
export const withBadSources = (stories: Story[], random: Random | undefined): Story[] =>
  !random
    ? stories
    : stories.map((story) => {
        const bad = random.pick<Bad | undefined>([...GOOD, "broken", "flaky", "stuck"]);
        if (bad === undefined) return story;
        const StreamUrl = badUrl(bad, story.request.StreamUrl);
        return { ...story, request: { ...story.request, StreamUrl } };
      });

interface Place {
  atMs: number;
  index: number;
  /** Share of the callers that name their robots themselves, from 0 to 1. */
  ownRobots: number;
}

function drawStory(random: Random, place: Place): Story {
  const { atMs } = place;
  const request = drawRequest(random, place);
  const { ClientToken } = request;
  const isRetried = ClientToken !== undefined;
  return {
    callerId: random.pick(CALLER_IDS),
    region: random.chance(0.3) ? random.pick(REGIONS) : undefined,
    atMs,
    request,
    againAfterMs: isRetried && random.chance(0.3) ? [random.between(0, 15_000)] : [],
    retries: isRetried ? random.between(0, 6) : 0,
    stopsUnheardAfterMs: random.chance(0.25)
      ? random.between(0, random.pick([2000, 60_000]))
      : undefined,
    asksLater: isRetried && random.chance(0.3),
    deeds: [...drawDeeds(random), ...drawLastMoment(random, request, atMs)].sort(
      (a, b) => a.afterMs - b.afterMs,
    ),
  };
}

/** An update of the deadline while a function already waits for it. */
function drawLastMoment(random: Random, { StopTime }: Story["request"], atMs: number): Deed[] {
  if (StopTime === undefined || random.chance(0.75)) return [];
  const afterMs = Math.max(0, Date.parse(StopTime) - atMs - random.between(0, 1500));
  const toMs = random.between(5000, 60_000);
  return [{ verb: "UpdateStreamIngest", afterMs, toMs, media: {}, isReplayed: false }];
}

function drawRequest(random: Random, { atMs, index, ownRobots }: Place): Story["request"] {
  const source = random.pick(["loop", "loop", "clip", "live", "live"] as const);
  const seconds = source === "live" ? null : random.between(5, 90);
  const lasts = random.pick(["MaxDuration", "StopTime", "StopTime", "both", "limit"] as const);
  return {
    ...random.pick(ROOMS),
    StreamUrl: streamUrl(seconds, `s${index + 1}`),
    ...(source === "loop" && { RepeatNum: -1 }),
    ...(source === "clip" && { RepeatNum: random.between(1, 3) }),
    ...(["MaxDuration", "both"].includes(lasts) && { MaxDuration: random.between(1, 5) }),
    ...(["StopTime", "both"].includes(lasts) && {
      StopTime: addMs(new Date(atMs), random.between(10_000, 4 * MINUTE_MS)).toISOString(),
    }),
    ...(random.chance(0.7) && { ClientToken: `t${index + 1}` }),
    ...(random.chance(ownRobots) && { UserId: random.pick(OWN_ROBOTS) }),
  };
}

function drawMedia(random: Random) {
  const volume = { Volume: random.between(0, 100) };
  const seconds = random.pick([null, 5, 40]);
  const another = { StreamUrl: streamUrl(seconds, seconds === 5 ? "wide" : "another") };
  return random.pick([volume, another, { IsPause: true }, { IsPause: false }]);
}

function drawDeeds(random: Random): Deed[] {
  const verbs = ["StopStreamIngest", "UpdateStreamIngest", "DescribeStreamIngest"] as const;
  const count = random.between(0, 3);
  return Array.from({ length: count }, () => {
    const verb = random.pick(verbs);
    const afterMs = random.between(0, 3 * MINUTE_MS);
    if (verb !== "UpdateStreamIngest") return { verb, afterMs };
    const moves = random.chance(0.5);
    const media = moves ? {} : drawMedia(random);
    const toMs = moves ? random.between(5000, 5 * MINUTE_MS) : undefined;
    return { verb, afterMs, toMs, media, isReplayed: random.chance(0.2) };
  });
}
