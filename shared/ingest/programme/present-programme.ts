/**
 * What a caller reads about the programme of an ingest. The source and the item are those of the
 * row, because TRTC plays them. Their times follow from the clock of the list.
 */
import { SECOND_MS } from "../../clock.js";
import type { ProgrammeAnswer } from "../../contract/programme-answers.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Programme, Target } from "../../store/programmes/programme-row.js";
import { earliest } from "../lifecycle.js";
import { urlOf } from "./play-now.js";
import { isOver, itemAt, itemMs, type Place, placeAfter, placeAt, positionAt } from "./timeline.js";

interface Presented extends ProgrammeAnswer {
  StreamUrl: string;
  RepeatNum: number;
}

export function presentProgramme(ingest: Ingest, now: Date): Presented {
  const { programme, onAir, state, play } = ingest;
  const counts = { Restarts: onAir?.restarts ?? 0, RolledOver: onAir?.rolledOver ?? 0 };
  if (!programme) {
    const { StreamUrl, RepeatNum = 1 } = play;
    return { StreamUrl, RepeatNum, ...NOTHING, ...counts };
  }
  const first: Target = { source: "primary", index: programme.anchor.index, round: 0 };
  const target = onAir ?? first;
  const source = {
    StreamUrl: urlOf(programme, target),
    RepeatNum: itemAt(programme, target.index)?.RepeatNum ?? (programme.isList ? 1 : -1),
    ...counts,
  };
  if (state === "ended") return { ...source, ...NOTHING };
  if (!onAir)
    return { ...source, ...NOTHING, NextItem: nextItem(programme, first, ingest.startsAt) };
  // While an ingest is paused, so is the clock of its list.
  const at = ingest.pausedAt ?? now;
  return {
    ...source,
    ...itemsAt(ingest, { programme, onAir, at }),
    Round: onAir.round,
    Source: onAir.source,
  };
}

const NOTHING = { Item: null, NextItem: null, Round: null, Source: null };

interface OnAirAt {
  programme: Programme;
  onAir: NonNullable<Ingest["onAir"]>;
  at: Date;
}

function itemsAt({ deadlineAt, pausedAt }: Ingest, { programme, onAir, at }: OnAirAt) {
  const item = itemAt(programme, onAir.index);
  const isFillingUp = onAir.source === "filler" && isOver(placeAt(programme, at));
  if (!item || isFillingUp) return { Item: null, NextItem: null };
  const { beganAt, endsAt } = timesOf({ programme, onAir, at });
  const isKnown = pausedAt === null && itemMs(item, programme) !== undefined;
  const lastsUntil = isKnown ? earliest(endsAt ?? deadlineAt, deadlineAt) : null;
  const next = placeAfter(programme, onAir);
  const follows = next !== undefined && (lastsUntil === null || lastsUntil < deadlineAt);
  return {
    Item: {
      ...nameOf(programme, onAir.index),
      StartedAt: beganAt.toISOString(),
      EndsAt: lastsUntil?.toISOString() ?? null,
      PositionSeconds: Math.round(positionAt(item, beganAt, at) * SECOND_MS) / SECOND_MS,
    },
    NextItem: follows ? nextItem(programme, next, lastsUntil) : null,
  };
}

/** A switch leaves a moment after its instant. Until then the clock is one item ahead. */
function timesOf({ programme, onAir, at }: OnAirAt): Pick<Place, "beganAt" | "endsAt"> {
  const since = new Date(onAir.since);
  const places = [at, since].map((instant) => placeAt(programme, instant));
  const place = places.find(
    (known): known is Place =>
      !isOver(known) && known.index === onAir.index && known.round === onAir.round,
  );
  return place ?? { beganAt: since, endsAt: null };
}

const nextItem = (
  programme: Programme,
  { index }: Pick<Place, "index">,
  startsAt: Date | null,
) => ({
  ...nameOf(programme, index),
  StartsAt: startsAt?.toISOString() ?? null,
});

/** An item that leaves has no place in the list any more. */
const nameOf = (programme: Programme, index: number) => ({
  Index: index,
  Title: itemAt(programme, index)?.Title ?? null,
  StreamUrl: itemAt(programme, index)?.StreamUrl ?? "",
});
