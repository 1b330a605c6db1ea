/**
 * Where a programme is at an instant, as a pure function of its anchor and of the times of its
 * items. Nothing is accumulated, so a programme does not drift over a week.
 *
 *   anchor          item 0 ends    item 1 ends         item 2 ends: the next round
 *   ├───────────────┼──────────────┼───────────────────┼───────────────
 *   index 0, round 0               └ placeAt(here) = item 2, on air since here
 */
import { addMs, SECOND_MS } from "../../clock.js";
import type { Programme, ProgrammeItem } from "../../store/programmes/programme-row.js";

/** The rounds of a list that plays until the deadline. */
const ENDLESS_ROUNDS = -1;

/** The index of the item that was on air when another list came. */
export const LEAVING = -1;

export const itemAt = (
  { items, leaving }: Pick<Programme, "items" | "leaving">,
  index: number,
): ProgrammeItem | undefined => (index === LEAVING ? (leaving ?? undefined) : items[index]);

export interface Place {
  index: number;
  round: number;
  /** When the item came on air, or when it would have. */
  beganAt: Date;
  /** null: the item ends with the ingest. */
  endsAt: Date | null;
}

/** `overAt`: the last round of the list has ended. */
export type ListPlace = Place | { overAt: Date };

export const isOver = (place: ListPlace): place is { overAt: Date } => "overAt" in place;

/**
 * How long an item is on air, in milliseconds. Infinity: until the ingest ends, as one StreamUrl
 * without a RepeatNum does. 0: an item of a list whose end is not known cannot take its turn.
 * `undefined`: its length is not learned yet.
 */
export function itemMs(
  item: ProgrammeItem,
  { isList }: Pick<Programme, "isList">,
): number | undefined {
  const {
    PlaySeconds,
    LengthSeconds,
    RepeatNum = isList ? 1 : -1,
    SeekSecond = 0,
    Tempo = 1,
  } = item;
  if (PlaySeconds !== undefined) return PlaySeconds * SECOND_MS;
  if (!isList && (RepeatNum === -1 || typeof LengthSeconds !== "number")) return Infinity;
  if (LengthSeconds === undefined) return undefined;
  if (LengthSeconds === null) return 0;
  const seconds = Math.max(0, LengthSeconds * RepeatNum - SeekSecond) / Tempo;
  return Math.round(seconds * SECOND_MS);
}

/** Before its first start a programme is at its first item, from `at` on. */
export function placeAt(programme: Programme, at: Date): ListPlace {
  const { items, rounds, anchor } = programme;
  const lengthOf = (item: ProgrammeItem) => itemMs(item, programme) ?? Infinity;
  const lengths = items.map(lengthOf);
  const { leaving } = programme;
  const anchoredAt = anchor.at === null ? at : new Date(anchor.at);
  let beganAt = addMs(anchoredAt, -Math.round(anchor.passedSeconds * SECOND_MS));
  let { index, round } = anchor;
  const roundMs = lengths.reduce((sum, ms) => sum + ms, 0);
  while (rounds === ENDLESS_ROUNDS || round < rounds) {
    const ms = (index === LEAVING ? leaving && lengthOf(leaving) : lengths[index]) ?? 0;
    const endsAt = addMs(beganAt, ms);
    if (ms === Infinity) return { index, round, beganAt, endsAt: null };
    if (at < endsAt) return { index, round, beganAt, endsAt };
    beganAt = endsAt;
    index += 1;
    if (index < items.length) continue;
    index = 0;
    round += 1;
    // A list without any time would turn for ever.
    if (roundMs === 0) return { overAt: beganAt };
    const leftMs = at.getTime() - beganAt.getTime();
    const skipped = Math.min(
      Math.floor(leftMs / roundMs),
      rounds === ENDLESS_ROUNDS ? Infinity : Math.max(0, rounds - round - 1),
    );
    if (roundMs === Infinity || skipped <= 0) continue;
    round += skipped;
    beganAt = addMs(beganAt, skipped * roundMs);
  }
  return { overAt: beganAt };
}

/** The item after this one; `undefined` after the last round. */
export function placeAfter(
  { items, rounds }: Pick<Programme, "items" | "rounds">,
  { index, round }: Pick<Place, "index" | "round">,
): Pick<Place, "index" | "round"> | undefined {
  if (index + 1 < items.length) return { index: index + 1, round };
  if (rounds !== ENDLESS_ROUNDS && round + 1 >= rounds) return undefined;
  return { index: 0, round: round + 1 };
}

/** The same programme, at the beginning of an item from `at` on. */
export const anchoredAt = (
  programme: Programme,
  { index, round }: Pick<Place, "index" | "round">,
  at: Date,
): Programme => ({
  ...programme,
  anchor: { at: at.toISOString(), index, round, passedSeconds: 0 },
});

/**
 * The second of the medium that an item plays at `at`. An endless item turns in its own length. A
 * seek to a second before SeekSecond lets the item begin later than `at`.
 */
export function positionAt(item: ProgrammeItem, beganAt: Date, at: Date): number {
  const { SeekSecond = 0, LengthSeconds, Tempo = 1 } = item;
  const passed = ((at.getTime() - beganAt.getTime()) / SECOND_MS) * Tempo;
  const position = Math.max(0, SeekSecond + passed);
  return typeof LengthSeconds === "number" && LengthSeconds > 0
    ? position % LengthSeconds
    : position;
}
