/** Draws the schedules of a year, and lets each of them live. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { APPLICATION } from "../actors/settings.js";
import type { Platform } from "../platform/platform.js";
import type { World } from "../platform/world.js";
import type { Random } from "../random.js";
import { liveSchedule } from "./callers.js";
import { drawRules } from "./drawn/draw.js";
import type { OracleRange } from "./drawn/oracle.js";
import type { Life, YearRecord } from "./record.js";
import { CALLER_ID } from "./settings.js";
import { DAY_MS, DAYS, START_MS } from "./drawn/span.js";

const DATES = Array.from({ length: DAYS }, (_, day) =>
  new Date(START_MS + day * DAY_MS).toISOString().slice(0, 10),
);

interface Needs {
  world: World;
  platform: Platform;
  record: YearRecord;
  range: OracleRange;
  random: Random;
  /** TRTC tells of bad media. */
  mayFail: boolean;
}

export function employCallers({ world, platform, record, range, random, mayFail }: Needs): void {
  const caller = world.config.callers.get(CALLER_ID);
  if (!caller) throw new Error("the caller has no entry");
  const noSkips = { fromMs: range.change.fromMs - 2 * DAY_MS, toMs: range.change.fromMs };
  const count = random.between(2, 4);
  for (let index = 0; index < count; index += 1) {
    const room = random.pick(["hall", "stage"]);
    const name = `s${index + 1}`;
    const zone = range.change.name;
    const draw = (own: Random) =>
      drawRules(own, { sdkAppId: APPLICATION.sdkAppId, room, name, dates: DATES, zone, mayFail });
    const life: Life = {
      ...{
        name,
        scheduleId: undefined,
        stoppedMs: undefined,
        failedInARow: 0,
        wrongPause: undefined,
      },
      asked: { rules: draw(random.fork()), state: "Enabled" },
      periods: [],
      skips: new Map(),
    };
    record.lives.push(life);
    const own = random.fork();
    world.timeline.at(START_MS + (index * 7 + 1) * MINUTE_MS + 30 * SECOND_MS, () => {
      void liveSchedule({ world, platform, caller, range, noSkips, draw, random: own }, life);
    });
  }
}
