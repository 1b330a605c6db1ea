/** Which call to TRTC brings the aimed source on air. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir, Target } from "../../store/programmes/programme-row.js";
import { type Aim, isSameTarget } from "./next-step.js";
import { switchTo, urlOf } from "./play-now.js";
import { itemAt } from "./timeline.js";

/**
 * `none`: it plays already. `restart`: the item begins at a second of its own, and
 * UpdateStreamIngest has no SeekSecond.
 */
export function callFor(
  ingest: Pick<Ingest, "play">,
  { aim, onAir, at }: { aim: Aim; onAir: OnAir; at: Date },
): "none" | "update" | "restart" {
  if (aim.kind !== "play") return "none";
  const { target, programme } = aim;
  if (onAir.due) return target.source === "primary" ? onAir.due : "update";
  if (isSameTarget(target, onAir)) return isDueAgain(onAir, at) ? "update" : "none";
  const isNewItem = target.index !== onAir.index || target.round !== onAir.round;
  const seekSecond = itemAt(programme, target.index)?.SeekSecond ?? 0;
  if (isNewItem && target.source === "primary" && seekSecond > 0) return "restart";
  const now = switchTo({ programme, target: onAir, play: ingest.play });
  const next = switchTo({ programme, target, play: ingest.play });
  // A source that has failed is put in again, even where the next item has the same one.
  const isSame = !hasFailed(onAir) && urlOf(programme, onAir) === urlOf(programme, target);
  return isSame && now.Volume === next.Volume && now.Tempo === next.Tempo ? "none" : "update";
}

const hasFailed = ({ failed, source }: OnAir): boolean => {
  const nextAt = failed[source]?.nextAt;
  return nextAt !== undefined && nextAt !== null;
};

/** A source that has failed and that no other replaces is put in once more. */
function isDueAgain({ failed, source }: OnAir & Target, at: Date): boolean {
  const nextAt = failed[source]?.nextAt;
  return typeof nextAt === "string" && new Date(nextAt) <= at;
}
