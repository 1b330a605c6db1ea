/**
 * What an update makes of a programme, as pure functions. An edit fixes the clock anew where the list
 * or the place in it changes. The step that follows brings on air what the clock then says.
 *
 *   AfterCurrent   ├─ item on air ────────────────┤ item 0 of the new list …
 *   Now            ├─ item on air ─┤ item 0 of the new list …
 *   InsertNext     ├─ item on air ────────────────┤ the new item ┤ the list goes on …
 *                                  └ the update
 */
import { SECOND_MS } from "../../clock.js";
import type { OnAir, Programme, ProgrammeItem } from "../../store/programmes/programme-row.js";
import { urlOf } from "../programme/play-now.js";
import {
  isOver,
  itemAt,
  itemMs,
  LEAVING,
  type Place,
  placeAfter,
  placeAt,
} from "../programme/timeline.js";
import { refused } from "./refusals.js";

const ITEMS_MAX = 100;

/** No item of the list: what is on air is neither in it nor the item that leaves. */
const GONE = -2;

export interface Edited {
  programme: Programme;
  /** null before the first start. */
  onAir: OnAir | null;
}

type Spot = Pick<Place, "index" | "round">;

export interface NewList {
  items: ProgrammeItem[];
  isList: boolean;
  rounds: number;
  refresh: "AfterCurrent" | "Now";
}

/** Another list, from its first item on: now, or when the item on air is over. */
export function withList(edited: Edited, list: NewList, at: Date): Edited {
  const { programme, onAir } = edited;
  const { refresh, ...changed } = list;
  const place = placeAt(programme, at);
  const replaced = { ...programme, ...changed };
  if (!onAir) return { programme: anchored(replaced, FIRST, at), onAir };
  if (refresh === "Now" || isOver(place)) {
    const leaving = itemAt(programme, onAir.index) ?? null;
    const left = { ...onAir, index: LEAVING, round: 0 };
    return jumpedTo({ programme: { ...replaced, leaving }, onAir: left }, FIRST, at);
  }
  const leaving = itemWithEnd(programme, place);
  const isOnAir = onAir.index === place.index && onAir.round === place.round;
  return {
    programme: anchored({ ...replaced, leaving }, { index: LEAVING, round: 0 }, place.beganAt),
    onAir: { ...onAir, index: isOnAir ? LEAVING : GONE, round: 0 },
  };
}

const FIRST: Spot = { index: 0, round: 0 };

/** The new item stays in the list. After the list is over it plays at once. */
export function withInserted(edited: Edited, item: ProgrammeItem, at: Date): Edited {
  const { programme, onAir } = edited;
  const { items } = programme;
  if (items.length >= ITEMS_MAX) {
    throw refused(`The list has ${ITEMS_MAX} items, which is the most: send a shorter Playlist.`);
  }
  const place = placeAt(programme, at);
  if (isOver(place)) {
    const longer = { ...programme, items: [...items, item] };
    return jumpedTo(
      { programme: longer, onAir },
      { index: items.length, round: lastOf(longer) },
      at,
    );
  }
  itemWithEnd(programme, place);
  const index = place.index + 1;
  const longer = { ...programme, isList: true, items: items.toSpliced(index, 0, item) };
  const isBehind = onAir !== null && onAir.index >= index;
  return {
    programme: longer.anchor.at === null ? longer : anchored(longer, place, place.beganAt),
    onAir: isBehind ? { ...onAir, index: onAir.index + 1 } : onAir,
  };
}

const lastOf = ({ rounds }: Programme): number => Math.max(0, rounds - 1);

/** Nothing comes after an item without an end. */
function itemWithEnd(programme: Programme, { index }: Spot): ProgrammeItem | null {
  const item = itemAt(programme, index);
  const ms = item && itemMs(item, programme);
  if (item && ms !== undefined && ms !== Infinity) return item;
  throw refused(
    "The end of the item on air is not known, so nothing can follow it: send Playlist with PlaylistRefresh Now.",
  );
}

/** The next item, from now on. After the last one: the filler. */
export function skipped({ programme, onAir }: Edited, at: Date): Edited {
  const place = placeAt(programme, at);
  if (isOver(place)) throw listIsOver("SkipItem");
  const next = placeAfter(programme, place);
  if (next) return jumpedTo({ programme, onAir }, next, at);
  if (programme.fillerUrl === null) {
    throw refused(
      "The item on air is the last one of the list, so no item follows it: send ItemIndex, or StopStreamIngest to end the ingest.",
    );
  }
  const over = { index: 0, round: programme.rounds };
  return { programme: anchored(programme, over, at), onAir };
}

/** This item, from its beginning and from now on. */
export function atItem({ programme, onAir }: Edited, index: number, at: Date): Edited {
  const { items } = programme;
  if (index >= items.length) {
    throw refused(
      `ItemIndex is behind the last item of the list: send a number from 0 to ${items.length - 1}.`,
    );
  }
  const place = placeAt(programme, at);
  const round = isOver(place) ? lastOf(programme) : place.round;
  return jumpedTo({ programme, onAir }, { index, round }, at);
}

/**
 * This second of the item on air. An item that plays several times keeps the count of its rounds.
 * Only a fresh task begins at a second of its own.
 */
export function soughtTo({ programme, onAir }: Edited, second: number, at: Date): Edited {
  const place = placeAt(programme, at);
  if (isOver(place)) throw listIsOver("SeekSecond");
  const item = itemAt(programme, place.index);
  if (!item || item.LengthSeconds === null) {
    throw refused("The item on air is live, so it has no second to seek to: leave SeekSecond out.");
  }
  const { LengthSeconds: length, SeekSecond: begin = 0, Tempo: tempo = 1 } = item;
  if (length !== undefined && second >= length) {
    throw refused(`The item on air lasts ${length} seconds: send a smaller SeekSecond.`);
  }
  const played = begin + secondsBetween(place.beganAt, at) * tempo;
  const before = length === undefined ? 0 : Math.floor(played / length) * length;
  const passedSeconds = (before + second - begin) / tempo;
  const ms = itemMs(item, programme) ?? Infinity;
  if (passedSeconds * SECOND_MS >= ms) {
    throw refused(
      "The item on air is over before that second: send a smaller SeekSecond, or SkipItem.",
    );
  }
  const isMain = onAir?.source === "primary";
  return {
    programme: anchored(programme, place, at, passedSeconds),
    onAir: isMain ? { ...onAir, due: "restart" } : onAir,
  };
}

/** Something else is to be on air now, so earlier failures of TRTC's source do not count. */
export function isElsewhere({ programme, onAir }: Edited, at: Date): boolean {
  const place = placeAt(programme, at);
  if (!onAir || onAir.due || isOver(place)) return true;
  return place.index !== onAir.index || place.round !== onAir.round;
}

/** Failures of the item before do not count for this one, even if it has the same place. */
function jumpedTo({ programme, onAir }: Edited, to: Spot, at: Date): Edited {
  const jumped = anchored(programme, to, at);
  if (!onAir) return { programme: jumped, onAir };
  const { due: _before, ...known } = onAir;
  const target = { ...to, source: "primary" as const };
  const begin = itemAt(programme, to.index)?.SeekSecond ?? 0;
  // Whether TRTC begins the same StreamUrl again is not known. A fresh task begins at its start.
  const needsTask = begin > 0 || urlOf(programme, onAir) === urlOf(programme, target);
  const isSamePlace = onAir.index === to.index && onAir.round === to.round;
  const due = needsTask ? "restart" : "update";
  return {
    programme: jumped,
    onAir: { ...known, failed: {}, ...((needsTask || isSamePlace) && { due }) },
  };
}

/** Before the first start the clock does not run yet, so only the part that is over is kept. */
export function anchored(
  programme: Programme,
  { index, round }: Spot,
  at: Date,
  passedSeconds = 0,
): Programme {
  const isRunning = programme.anchor.at !== null;
  const anchor = { at: isRunning ? at.toISOString() : null, index, round, passedSeconds };
  return { ...programme, anchor };
}

export const secondsBetween = (from: Date, to: Date): number =>
  (to.getTime() - from.getTime()) / SECOND_MS;

export const listIsOver = (field: string) =>
  refused(
    `The list is over, so ${field} changes nothing: send ItemIndex or Playlist to play again.`,
  );
