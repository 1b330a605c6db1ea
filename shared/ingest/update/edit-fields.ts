/** Which fields of an update change a programme, and which of them may come together. */
import type { Requests } from "../../contract/schemas.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { checkItems } from "../programme/check-programme.js";
import { refused } from "./refusals.js";

type Update = Requests["UpdateStreamIngest"];

/** Each of them says what plays next. */
const MOVES = ["Playlist", "InsertNext", "SkipItem", "ItemIndex", "SeekSecond"] as const;

const FIELDS = [
  ...MOVES,
  "PlaylistRefresh",
  "PlaylistRepeatNum",
  "BackupStreamUrl",
  "FillerStreamUrl",
  "OnItemFailure",
] as const;

const sent = <F extends keyof Update>(request: Update, fields: readonly F[]): F[] =>
  fields.filter((field) => request[field] !== undefined && request[field] !== false);

export const hasEdit = (request: Update): boolean => sent(request, FIELDS).length > 0;

/** Throws ApiError where fields exclude each other, whatever the ingest plays. */
export function checkTogether(request: Update): void {
  const [one, other] = sent(request, ["StreamUrl", ...MOVES]);
  if (one !== undefined && other !== undefined) {
    throw refused(`${one} and ${other} exclude each other: send one of them, then the other.`);
  }
  const { Playlist, PlaylistRefresh } = request;
  if (PlaylistRefresh !== undefined && Playlist === undefined) {
    throw refused("PlaylistRefresh needs Playlist: send it too, or leave PlaylistRefresh out.");
  }
  if (Playlist) checkItems(Playlist);
  if (request.InsertNext) checkItems([request.InsertNext], () => "InsertNext");
}

/** Throws ApiError where the ingest has nothing that the update could change. */
export function checkEditable({ programme }: Ingest, request: Update): void {
  const [first] = sent(request, FIELDS);
  if (!programme) {
    if (first === undefined) return;
    throw refused(
      `This ingest plays one source, so it has no ${first}: send StreamUrl, or stop it and start another with Playlist.`,
    );
  }
  const { isList, fillerUrl } = programme;
  const hasList = isList || request.Playlist !== undefined;
  if (isList && request.StreamUrl !== undefined) {
    throw refused(
      "This ingest plays a list, so its StreamUrl cannot change: send Playlist, InsertNext or ItemIndex.",
    );
  }
  if (hasList && request.Tempo !== undefined) {
    throw refused(
      "Each item of a list has its own Tempo: send Playlist with the Tempo of each item, and leave Tempo out.",
    );
  }
  if (!hasList && request.PlaylistRepeatNum !== undefined) {
    throw refused("PlaylistRepeatNum needs a list: send Playlist too, or leave it out.");
  }
  const filler = request.FillerStreamUrl ?? fillerUrl;
  if (request.OnItemFailure === "Filler" && filler === null) {
    throw refused(
      "OnItemFailure Filler needs FillerStreamUrl: send it too, or another OnItemFailure.",
    );
  }
}
