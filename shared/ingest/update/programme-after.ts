/** The programme after an update, at the instant at which its clock stands. */
import type { Requests } from "../../contract/schemas.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Programme, ProgrammeItem } from "../../store/programmes/programme-row.js";
import { asItem } from "../programme/plan-programme.js";
import { atItem, type Edited, skipped, soughtTo, withInserted, withList } from "./edits.js";
import { resumed, withRounds, withStandIn, withTempo } from "./settings.js";

type Update = Requests["UpdateStreamIngest"];

/** The new items with what was read of them. */
export interface NewItems {
  list?: ProgrammeItem[];
  inserted?: ProgrammeItem;
}

/** The items of an update, before anything has been read of them. */
export function newItems({ play }: Ingest, { Playlist, InsertNext }: Update): NewItems {
  return {
    ...(Playlist && { list: Playlist.map((item) => asItem(item, play.Tempo)) }),
    ...(InsertNext && { inserted: asItem(InsertNext, play.Tempo) }),
  };
}

/** Throws ApiError where the place in the list does not allow the edit. */
export function programmeAfter(
  { onAir, pausedAt }: Ingest,
  programme: Programme,
  { request, items, at }: { request: Update; items: NewItems; at: Date },
): Edited {
  // While an ingest is paused, so is the clock of its list.
  const then = pausedAt ?? at;
  const isResumed = request.IsPause === false && pausedAt !== null;
  const edits = [...settingsOf(request, then), moveOf(request, items, then)];
  const edited = edits.reduce<Edited>((before, edit) => edit(before), { programme, onAir });
  return isResumed ? resumed(edited, pausedAt, at) : edited;
}

type Edit = (edited: Edited) => Edited;

function settingsOf(request: Update, at: Date): Edit[] {
  const { Tempo, BackupStreamUrl, FillerStreamUrl, OnItemFailure, PlaylistRepeatNum } = request;
  const isNewList = request.Playlist !== undefined;
  return [
    (edited) => (Tempo === undefined ? edited : withTempo(edited, Tempo, at)),
    (edited) =>
      BackupStreamUrl === undefined ? edited : withStandIn(edited, "backup", BackupStreamUrl),
    (edited) =>
      FillerStreamUrl === undefined ? edited : withStandIn(edited, "filler", FillerStreamUrl),
    ({ programme, onAir }) => ({
      programme: { ...programme, onItemFailure: OnItemFailure ?? programme.onItemFailure },
      onAir,
    }),
    (edited) =>
      PlaylistRepeatNum === undefined || isNewList
        ? edited
        : withRounds(edited, PlaylistRepeatNum, at),
  ];
}

function moveOf(request: Update, { list, inserted }: NewItems, at: Date): Edit {
  const { PlaylistRepeatNum, PlaylistRefresh, StreamUrl, SkipItem, ItemIndex, SeekSecond } =
    request;
  return (edited) => {
    const { rounds } = edited.programme;
    if (list) {
      const refresh = PlaylistRefresh ?? "AfterCurrent";
      const newList = { items: list, isList: true, rounds: PlaylistRepeatNum ?? rounds, refresh };
      return withList(edited, newList, at);
    }
    if (inserted) return withInserted(edited, inserted, at);
    if (StreamUrl !== undefined) return withSource(edited, StreamUrl, at);
    if (SkipItem === true) return skipped(edited, at);
    if (ItemIndex !== undefined) return atItem(edited, ItemIndex, at);
    if (SeekSecond !== undefined) return soughtTo(edited, SeekSecond, at);
    return edited;
  };
}

/** The only source of a programme without a list. Its SeekSecond belongs to the source before. */
function withSource(edited: Edited, StreamUrl: string, at: Date): Edited {
  const { rounds, items } = edited.programme;
  const { SeekSecond: _begin, LengthSeconds: _length, ...kept } = items[0] ?? {};
  const item = asItem({ ...kept, StreamUrl }, undefined);
  const list = { items: [item], isList: false, rounds, refresh: "Now" as const };
  return withList(edited, list, at);
}
