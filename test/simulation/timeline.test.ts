/** The timeline gives up a run that would never end, and says when. */
import { expect, test } from "@jest/globals";
import { makeTimeline, type Timeline } from "./platform/timeline.js";

const START_MS = Date.parse("2027-07-01T00:00:00Z");
const MINUTE_MS = 60_000;

const everyMs = (timeline: Timeline, ms: number): void =>
  timeline.at(timeline.nowMs() + ms, () => everyMs(timeline, ms));

test("an hour with too many events ends the run, with a text that names the time", async () => {
  const timeline = makeTimeline(START_MS);
  everyMs(timeline, 1000);

  const endless = await timeline.run({
    untilMs: START_MS + 90 * MINUTE_MS,
    isOver: () => false,
    mostAnHour: 100,
  });

  expect(endless).toBe("more than 100 events in the hour before 2027-07-01T00:01:41.000Z");
});

test("as many events in each hour do not end the run", async () => {
  const timeline = makeTimeline(START_MS);
  everyMs(timeline, MINUTE_MS);

  const endless = await timeline.run({
    untilMs: START_MS + 600 * MINUTE_MS,
    isOver: () => false,
    mostAnHour: 60,
  });

  expect(endless).toBeUndefined();
  expect(timeline.nowMs()).toBe(START_MS + 600 * MINUTE_MS);
});
