/** Looks at a year some time after each change. Otherwise nothing happens, so nothing needs a look. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { Facts } from "../checks/facts.js";
import type { Timeline } from "../platform/timeline.js";

/** After each time that a check allows for something to follow. */
const AFTER_MS = [50 * SECOND_MS, 5 * MINUTE_MS];

export interface Moments {
  /** Something has changed. */
  soon: () => void;
}

export function makeMoments({
  timeline,
  facts,
}: {
  timeline: Timeline;
  facts: Pick<Facts, "tell">;
}): Moments {
  const looks = AFTER_MS.map((afterMs) => makeLook(afterMs));

  /** One that is planned already is moved: the last change counts. */
  function makeLook(afterMs: number): () => void {
    let dueMs = -Infinity;
    let isPlanned = false;
    const look = () => {
      isPlanned = false;
      if (timeline.nowMs() >= dueMs) facts.tell({ kind: "moment" });
      else plan();
    };
    const plan = () => {
      isPlanned = true;
      timeline.at(dueMs, look);
    };
    return () => {
      dueMs = timeline.nowMs() + afterMs;
      if (!isPlanned) plan();
    };
  }

  return { soon: () => looks.forEach((look) => look()) };
}
