/** What an update changes of a programme besides its list and the place in it. */
import { isOver, placeAt } from "../programme/timeline.js";
import { anchored, type Edited, listIsOver, secondsBetween } from "./edits.js";

/** Another speed of the only source. It plays on from the second where it is. */
export function withTempo({ programme, onAir }: Edited, Tempo: number, at: Date): Edited {
  const [item] = programme.items;
  const place = placeAt(programme, at);
  if (!item || isOver(place)) return { programme, onAir };
  const passedSeconds = (secondsBetween(place.beganAt, at) * (item.Tempo ?? 1)) / Tempo;
  const changed = { ...programme, items: [{ ...item, Tempo }] };
  return { programme: anchored(changed, place, at, passedSeconds), onAir };
}

/** A source that stands in. When it is on air, the new one is put in at once. */
export function withStandIn(
  { programme, onAir }: Edited,
  source: "backup" | "filler",
  url: string,
): Edited {
  const field = source === "backup" ? "backupUrl" : "fillerUrl";
  const changed = { ...programme, [field]: url };
  if (!onAir) return { programme: changed, onAir };
  const { [source]: _old, ...failed } = onAir.failed;
  const isOnAir = onAir.source === source && programme[field] !== url;
  return {
    programme: changed,
    onAir: { ...onAir, failed, ...(isOnAir && { due: "update" as const }) },
  };
}

/** The number counts from the beginning of the list. A round that has begun is played to its end. */
export function withRounds({ programme, onAir }: Edited, count: number, at: Date): Edited {
  const place = placeAt(programme, at);
  if (isOver(place)) throw listIsOver("PlaylistRepeatNum");
  const rounds = count === -1 ? count : Math.max(count, place.round + 1);
  return { programme: { ...programme, rounds }, onAir };
}

/** A pause is over: the clock of the list goes on where it stood still. */
export function resumed({ programme, onAir }: Edited, pausedAt: Date, at: Date): Edited {
  const { anchor } = programme;
  if (anchor.at === null) return { programme, onAir };
  const shiftedMs = new Date(anchor.at).getTime() + at.getTime() - pausedAt.getTime();
  const shifted = { ...anchor, at: new Date(shiftedMs).toISOString() };
  return { programme: { ...programme, anchor: shifted }, onAir };
}
