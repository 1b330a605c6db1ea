/** What a run knows at its beginning. */
import type { Setting } from "../actors/setting.js";
import type { Machine } from "../platform/machines.js";
import type { Timeline } from "../platform/timeline.js";
import type { TrtcSide } from "../platform/trtc-side.js";
import type { Known } from "./facts.js";

interface Beginning {
  timeline: Timeline;
  trtc: TrtcSide;
  setting: Pick<
    Setting,
    "skewMaxMs" | "mood" | "stopsUnclaimed" | "hasQuotas" | "hasBudgets" | "crowd"
  >;
  machines: readonly Machine[];
  /** Absent: the mood of the setting. */
  isCalm?: () => boolean;
  faultsEndMs: () => number;
  longestMs: number;
  startMs: number;
}

export function knownAtFirst(given: Beginning): Omit<Known, "rowsOfIntent"> {
  const { timeline, trtc, setting, machines, faultsEndMs, longestMs, startMs } = given;
  return {
    nowMs: timeline.nowMs,
    startMs,
    trtc,
    skewMaxMs: setting.skewMaxMs,
    isCalm: given.isCalm ?? (() => setting.mood === "calm"),
    faultsEndMs: () => Math.max(faultsEndMs(), ...machines.map(({ thawsMs }) => thawsMs)),
    longestMs,
    rows: new Map(),
    rowIdOf: new Map(),
    heard: new Set(),
    stopAsked: new Set(),
    roomEvents: new Set(),
    sources: new Map(),
    takenMs: new Map(),
    strangers: new Set(),
    stopsUnclaimed: setting.stopsUnclaimed,
    hasQuotas: setting.hasQuotas,
    hasBudgets: setting.hasBudgets,
    hasCrowd: setting.crowd !== undefined,
    deadLetters: new Set(),
    stateSinceMs: new Map(),
    dueSinceMs: new Map(),
    advanceSinceMs: new Map(),
    startsSinceMs: new Map(),
  };
}
