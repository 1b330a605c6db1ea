/**
 * Gives some stories a StartTime: near, minutes ahead, or beyond the run. It has its own random
 * stream, so it shifts no other.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { Random } from "../random.js";
import type { Deed, Story } from "./workload.js";

/** No run lasts so long. */
const BEYOND_MS = 180 * MINUTE_MS;

/** Some seeds have one StartTime for all, so these starts share the slots. */
export function withStartTimes(stories: Story[], random: Random): Story[] {
  const lastMs = Math.max(...stories.map(({ atMs }) => atMs));
  const togetherMs = random.chance(0.2) ? lastMs + random.between(1000, MINUTE_MS) : undefined;
  return stories.map((story) => (random.chance(0.6) ? later(story, random, togetherMs) : story));
}

function later(story: Story, random: Random, togetherMs: number | undefined): Story {
  const { atMs, request } = story;
  const aheadMs = togetherMs === undefined ? drawAheadMs(random) : togetherMs - atMs;
  const seconds = random.pick([undefined, undefined, 5, 30, 120]);
  const { StopTime } = request;
  const stopMs = StopTime === undefined ? undefined : Date.parse(StopTime) + aheadMs;
  return {
    ...story,
    request: {
      ...request,
      StartTime: textOf(atMs + aheadMs),
      ...(seconds !== undefined && { StartWindowSeconds: seconds }),
      ...(stopMs !== undefined && { StopTime: textOf(stopMs) }),
    },
    deeds: drawDeeds(story.deeds, random, aheadMs),
  };
}

const textOf = (ms: number): string => new Date(ms).toISOString();

const drawAheadMs = (random: Random): number =>
  random.pick([
    ...Array.from({ length: 4 }, () => random.between(SECOND_MS, 20 * SECOND_MS)),
    ...Array.from({ length: 4 }, () => random.between(20 * SECOND_MS, 4 * MINUTE_MS)),
    BEYOND_MS,
  ]);

/** Some come before the StartTime, some after it, and some in its last moment. */
function drawDeeds(known: readonly Deed[], random: Random, aheadMs: number): Deed[] {
  const isBeyond = aheadMs === BEYOND_MS;
  const usual = known.map((deed) =>
    !isBeyond && random.chance(0.5) ? { ...deed, afterMs: deed.afterMs + aheadMs } : deed,
  );
  const beforeMs = () =>
    random.pick([
      random.between(0, Math.min(aheadMs, 3 * MINUTE_MS)),
      isBeyond ? random.between(0, MINUTE_MS) : Math.max(0, aheadMs - random.between(0, 1500)),
    ]);
  const moves = Array.from({ length: random.pick([0, 0, 1, 2]) }, (): Deed => {
    const startsInMs = random.between(-2000, random.pick([20 * SECOND_MS, 2 * MINUTE_MS]));
    const isReplayed = random.chance(0.2);
    const move = { toMs: undefined, media: {}, startsInMs, isReplayed };
    return { verb: "UpdateStreamIngest", afterMs: beforeMs(), ...move };
  });
  const stops = random.chance(isBeyond ? 0.5 : 0.15)
    ? [{ verb: "StopStreamIngest" as const, afterMs: beforeMs() }]
    : [];
  return [...usual, ...moves, ...stops].sort((a, b) => a.afterMs - b.afterMs);
}
