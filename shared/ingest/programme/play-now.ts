/**
 * What TRTC is asked to play for a programme, at a start and at a switch. No source of it is a stored
 * object: event rules have no fields of programmes. So no URL here needs a signature.
 */
import type { Ingest, Play } from "../../store/ingests/ingest-row.js";
import type {
  OnAir,
  Programme,
  ProgrammeItem,
  Target,
} from "../../store/programmes/programme-row.js";
import { aimAt, onAirWith } from "./next-step.js";
import { decisionTime } from "./reported.js";
import { itemAt, type Place, positionAt } from "./timeline.js";

/** The StreamUrl of what is on air, without any signature. */
export function urlOf(programme: Programme, { source, index }: Target): string {
  const { backupUrl, fillerUrl } = programme;
  const own = itemAt(programme, index)?.StreamUrl ?? "";
  if (source === "backup") return backupUrl ?? own;
  return source === "filler" ? (fillerUrl ?? own) : own;
}

/**
 * The fields of UpdateStreamIngest. Where one item has a loudness or a tempo of its own, each switch
 * sends one, so that it does not stay for the next item.
 */
export function switchTo({
  programme,
  target,
  play,
}: {
  programme: Programme;
  target: Target;
  play: Play;
}): Pick<Play, "StreamUrl" | "Volume" | "Tempo"> {
  const own = itemOf(programme, target);
  const hasOwn = (field: "Volume" | "Tempo") => programme.items.some((item) => field in item);
  return {
    StreamUrl: urlOf(programme, target),
    ...(hasOwn("Volume") && { Volume: own?.Volume ?? play.Volume ?? 100 }),
    ...(hasOwn("Tempo") && { Tempo: own?.Tempo ?? play.Tempo ?? 1 }),
  };
}

/** The item itself, when its own source plays. */
export const itemOf = (
  programme: Programme,
  { source, index }: Target,
): ProgrammeItem | undefined => (source === "primary" ? itemAt(programme, index) : undefined);

/** What a start plays, and what the row says once it has started. */
export interface Began {
  play: Play;
  programme: Programme;
  onAir: OnAir;
}

/** A start of a programme at `at`: the first one, or one at the place where the clock is now. */
export function playAt(ingest: Ingest, startedAt: Date): Began | undefined {
  const { play, programme, onAir } = ingest;
  if (!programme) return undefined;
  const at = decisionTime(ingest, startedAt);
  const { anchor } = programme;
  const anchored =
    anchor.at === null ? { ...programme, anchor: { ...anchor, at: at.toISOString() } } : programme;
  const before = onAir ?? firstOnAir(anchored, at);
  const aim = aimAt(anchored, before, at);
  // A list that ends while the start waits for its slot ends with the next step.
  const isAimed = aim.kind === "play";
  const target = isAimed ? aim.target : before;
  const now = isAimed ? aim.programme : anchored;
  return {
    play: startOf(play, { programme: now, target, place: isAimed ? aim.place : undefined, at }),
    programme: now,
    onAir: { ...onAirWith(before, target, at), taskSince: startedAt.toISOString() },
  };
}

function startOf(
  { SeekSecond: _seek, ...play }: Play,
  {
    programme,
    target,
    place,
    at,
  }: { programme: Programme; target: Target; place: Place | undefined; at: Date },
): Play {
  const item = itemOf(programme, target);
  const seekSecond = item && place ? Math.floor(positionAt(item, place.beganAt, at)) : 0;
  return {
    ...play,
    ...switchTo({ programme, target, play }),
    ...(seekSecond > 0 && isSeekable(item) && { SeekSecond: seekSecond }),
  };
}

/** A source without an end has no second to begin at. */
const isSeekable = (item: ProgrammeItem | undefined): boolean =>
  item !== undefined && item.LengthSeconds !== null;

const firstOnAir = ({ anchor: { index, round } }: Programme, at: Date): OnAir => ({
  source: "primary",
  index,
  round,
  since: at.toISOString(),
  taskSince: at.toISOString(),
  failed: {},
  restarts: 0,
  restartedAt: [],
  rolledOver: 0,
});
