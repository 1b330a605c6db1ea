/**
 * Makes programmes of some stories: lists, backups, and ingests that are kept on air. Their sources
 * die and come back, and TRTC ends tasks without a stop. It has its own random stream, so it
 * shifts no other.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { ProgrammeItem } from "../../../shared/store/programmes/programme-row.js";
import type { Task } from "../../../emulator/tasks/task.js";
import { isTold } from "../messages/producers.js";
import { type Outage, outagesOf, sickUrl, streamUrl } from "../platform/sources.js";
import type { World } from "../platform/world.js";
import type { Random } from "../random.js";
import type { Deed, ProgrammeFields, Story } from "./workload.js";

/** A source dies within this time of its start. */
const DIES_WITHIN_S = 3 * 60;

/** How the URLs of one story are drawn. */
interface Naming {
  name: string;
  /** The second of the run in which the story begins to play. */
  beginsS: number;
}

export const withProgrammes = (
  stories: readonly Story[],
  { random, startMs }: { random: Random; startMs: number },
): Story[] =>
  stories.map((story, index) => {
    const own = random.fork();
    // A bucket reports one object, and a list in a message is read as any other.
    if (isTold(story) || own.chance(0.3)) return story;
    const { StartTime } = story.request;
    const beginsMs = StartTime === undefined ? story.atMs : Date.parse(StartTime);
    const beginsS = Math.max(0, Math.round((beginsMs - startMs) / SECOND_MS));
    return programmeOf(story, own, { name: `p${index + 1}`, beginsS });
  });

function programmeOf(story: Story, random: Random, naming: Naming): Story {
  const programme = random.chance(0.65) ? drawList(random, naming) : {};
  const isKept = programme.Playlist !== undefined && random.chance(0.8);
  const KeepAlive = isKept ? undefined : random.chance(0.7);
  const needsBackup = programme.Playlist === undefined && KeepAlive === false;
  const hasBackup = needsBackup || random.chance(0.5);
  const isAlive = KeepAlive ?? programme.Playlist !== undefined;
  const first = programme.Playlist?.[programme.StartIndex ?? 0]?.StreamUrl;
  return {
    ...story,
    deeds: story.deeds.map(asOfProgramme),
    request: { ...story.request, StreamUrl: first ?? drawUrl(random, naming, { name: "main" }) },
    programme: {
      ...programme,
      ...(KeepAlive !== undefined && { KeepAlive }),
      ...(hasBackup && {
        BackupStreamUrl: drawUrl(random, naming, { name: "backup" }),
        SourceClearSeconds: random.between(5, 25),
        SourcePreference: random.pick(["Primary", "Primary", "Primary", "Equal"]),
      }),
      ...(isAlive && random.chance(0.5) && { RestartsPerHour: random.pick([1, 1, 2, 5]) }),
      ...drawFailure(random, naming),
    },
  };
}

function drawFailure(random: Random, { name }: Naming): ProgrammeFields {
  const OnItemFailure = random.pick([undefined, "Skip", "Retry", "Filler", "End"] as const);
  const hasFiller = OnItemFailure === "Filler" || random.chance(0.25);
  return {
    ...(OnItemFailure && { OnItemFailure }),
    ...(hasFiller && { FillerStreamUrl: streamUrl(20, `${name}/filler`) }),
  };
}

function drawList(random: Random, naming: Naming): ProgrammeFields {
  const count = random.between(1, 5);
  const Playlist = Array.from({ length: count }, (_, index) =>
    drawItem(random.fork(), naming, String(index)),
  );
  const rounds = random.pick([undefined, 2, 4, -1, -1]);
  return {
    Playlist,
    ...(rounds !== undefined && { PlaylistRepeatNum: rounds }),
    ...(random.chance(0.25) && { StartIndex: random.between(0, count - 1) }),
  };
}

function drawItem(random: Random, naming: Naming, index: string): ProgrammeItem {
  const seconds = random.chance(0.5) ? random.between(6, 60) : undefined;
  const isTimed = seconds === undefined || random.chance(0.5);
  const name = random.chance(0.05) ? `wide/${index}` : index;
  return {
    StreamUrl: drawUrl(random, naming, { name, seconds }),
    ...(isTimed && { PlaySeconds: random.between(3, random.pick([10, 60])) }),
    ...(random.chance(0.15) && { SeekSecond: random.between(1, 5) }),
    ...(seconds !== undefined && random.chance(0.3) && { RepeatNum: random.between(1, 2) }),
    ...(random.chance(0.2) && { Volume: random.between(0, 100) }),
  };
}

function drawUrl(
  random: Random,
  { name: story, beginsS }: Naming,
  { name, seconds }: { name: string; seconds?: number | undefined },
): string {
  const url = streamUrl(seconds ?? null, `${story}/${name}`);
  const count = random.pick([0, 0, 0, 1, 1, 2]);
  return count === 0 ? url : sickUrl(url, drawOutages(random, beginsS, count));
}

const drawOutages = (random: Random, beginsS: number, count: number): Outage[] =>
  Array.from({ length: count }, () => {
    const from = Math.max(0, beginsS + random.between(-10, DIES_WITHIN_S));
    return { from, to: from + random.between(2, random.pick([10, 60, 240])) };
  });

/** Changes of what plays belong to the list itself. */
const asOfProgramme = (deed: Deed): Deed =>
  deed.verb === "UpdateStreamIngest" && Object.keys(deed.media).length > 0
    ? { ...deed, media: { Volume: deed.media.Volume ?? 40 } }
    : deed;

/** Sources die at the seconds in their URLs, and TRTC ends some tasks unasked. */
export function letSourcesDie(
  { timeline, trtc, facts, history }: World,
  { stories, random }: { stories: readonly Story[]; random: Random },
): void {
  const startMs = timeline.nowMs();
  const urls = new Set(
    stories.flatMap(({ request, programme = {} }) => urlsOf(request, programme)),
  );
  for (const url of urls) {
    for (const { from } of outagesOf(url)) {
      timeline.at(startMs + from * SECOND_MS, () => {
        history.note("a source", `dies: ${url}`);
        trtc.lose(url);
      });
    }
  }
  // One ingest may lose its task again and again.
  const isOne = random.chance(0.5);
  let victim: string | undefined;
  const fromMs = random.between(10 * SECOND_MS, 2 * MINUTE_MS);
  const withinMs = isOne ? 3 * MINUTE_MS : 6 * MINUTE_MS;
  for (let times = random.pick([0, 1, 3, 6, 12]); times > 0; times -= 1) {
    timeline.at(startMs + fromMs + random.between(0, withinMs), () => {
      history.note("TRTC", "ends a programme's task");
      const { rows, rowIdOf } = facts.known;
      const rowOf = (task: Task) => rows.get(rowIdOf.get(task.taskId) ?? "");
      const isMeant = (task: Task) => (rowOf(task)?.programme ?? null) !== null;
      const isVictim = (task: Task) => victim === undefined || rowOf(task)?.taskId === victim;
      trtc.drop(
        (tasks) => {
          const task = random.pick(tasks);
          if (isOne) victim = rowOf(task)?.taskId;
          return task;
        },
        (task) => isMeant(task) && isVictim(task),
      );
    });
  }
}

/** Everything that the start may bring on air. */
export const urlsOf = (
  { StreamUrl }: Story["request"],
  { Playlist = [], BackupStreamUrl, FillerStreamUrl }: ProgrammeFields,
): string[] =>
  [StreamUrl, ...Playlist.map((item) => item.StreamUrl), BackupStreamUrl, FillerStreamUrl].filter(
    (url) => url !== undefined,
  );
