/** The programme of a start, before anything has been read of its sources. */
import type { Requests } from "../../contract/schemas.js";
import type { Programme, ProgrammeItem } from "../../store/programmes/programme-row.js";
import { hasProgramme, isRtmp, keepsAlive, type Reaching } from "./check-programme.js";

type Start = Requests["StartStreamIngest"];

const CLEAR_SECONDS = 30;
const RESTARTS_PER_HOUR = 12;

/** `undefined` for one source that plays until it ends, or until its deadline. */
export function planProgramme(
  request: Start,
  { clockFrom, ...reaching }: Reaching & { clockFrom?: Date | undefined },
): Programme | undefined {
  if (!hasProgramme(request, reaching)) return undefined;
  const isAlive = keepsAlive(request, reaching);
  return {
    items: itemsOf(request),
    isList: request.Playlist !== undefined,
    rounds: request.PlaylistRepeatNum ?? 1,
    anchor: {
      at: clockFrom?.toISOString() ?? null,
      index: request.StartIndex ?? 0,
      round: 0,
      passedSeconds: 0,
    },
    onItemFailure: request.OnItemFailure ?? "Skip",
    fillerUrl: request.FillerStreamUrl ?? null,
    backupUrl: request.BackupStreamUrl ?? null,
    clearSeconds: request.SourceClearSeconds ?? CLEAR_SECONDS,
    preference: request.SourcePreference ?? "Primary",
    restartsPerHour: isAlive ? (request.RestartsPerHour ?? RESTARTS_PER_HOUR) : 0,
    hasOwnRobot: request.UserId === undefined,
  };
}

/** The tempo decides how long an item lasts, so each item has its own. */
function itemsOf({
  Playlist,
  StreamUrl = "",
  SeekSecond,
  RepeatNum,
  Tempo,
}: Start): ProgrammeItem[] {
  const alone: ProgrammeItem = {
    StreamUrl,
    ...(SeekSecond === undefined ? {} : { SeekSecond }),
    ...(RepeatNum === undefined ? {} : { RepeatNum }),
  };
  return (Playlist ?? [alone]).map((item) => asItem(item, Tempo));
}

/** An item of a request as the row holds it. `tempo` is that of the request. */
export const asItem = (item: ProgrammeItem, tempo: number | undefined): ProgrammeItem => ({
  ...(tempo === undefined ? {} : { Tempo: tempo }),
  ...item,
  ...(isRtmp(item.StreamUrl) ? { LengthSeconds: null } : {}),
});

/** The fields of a start or an update that hold URLs. */
interface Urls {
  StreamUrl?: string;
  Playlist?: readonly { StreamUrl: string }[];
  InsertNext?: { StreamUrl: string };
  FillerStreamUrl?: string;
  BackupStreamUrl?: string;
}

/** Every URL of a request, with its place in it. */
export function urlsOf(request: Urls): (readonly [field: string, url: string])[] {
  const { StreamUrl, Playlist = [], InsertNext, FillerStreamUrl, BackupStreamUrl } = request;
  const entries: (readonly [field: string, url: string | undefined])[] = [
    ["StreamUrl", StreamUrl],
    ...Playlist.map((item, index) => [`Playlist[${index}].StreamUrl`, item.StreamUrl] as const),
    ["InsertNext.StreamUrl", InsertNext?.StreamUrl],
    ["FillerStreamUrl", FillerStreamUrl],
    ["BackupStreamUrl", BackupStreamUrl],
  ];
  return entries.flatMap(([field, url]) => (url === undefined ? [] : [[field, url] as const]));
}
