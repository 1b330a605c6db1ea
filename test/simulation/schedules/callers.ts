/** The callers of a year: they create schedules, change, pause, skip, run and delete them. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { Caller } from "../../../shared/config/configuration.js";
import type { Requests } from "../../../shared/contract/schemas.js";
import type { ScheduleAction } from "../../../shared/contract/schedules/schemas.js";
import type { Services } from "../../../shared/ingest/services.js";
import { fieldsOf } from "../../../shared/schedules/definition.js";
import { scheduleUseCases } from "../../../shared/schedules/use-cases.js";
import type { Platform } from "../platform/platform.js";
import type { World } from "../platform/world.js";
import type { Random } from "../random.js";
import type { DrawnRules } from "./drawn/draw.js";
import { expectedWindows, type OracleRange } from "./drawn/oracle.js";
import { DAY_MS, DELETED_MS } from "./drawn/span.js";
import type { Life } from "./record.js";

interface Needs {
  world: World;
  platform: Platform;
  caller: Caller;
  random: Random;
  range: OracleRange;
  /** New rules for the life's room. */
  draw: (random: Random) => DrawnRules;
  /** No skip of a window from then on, until the newer time zone data is everywhere. */
  noSkips: { fromMs: number; toMs: number };
}

type Deed = "redefine" | "exclude" | "pause" | "skip" | "run" | "touch";

const DEEDS: readonly Deed[] = ["redefine", "exclude", "pause", "skip", "skip", "run", "touch"];

/** Lives one schedule from its creation to the end of the year. */
export async function liveSchedule(needs: Needs, life: Life): Promise<void> {
  const { world, random, range } = needs;
  const { timeline } = world;
  const send = makeSender(needs);
  const { rules } = life.asked;
  const created = await send("CreateIngestSchedule", {
    Name: life.name,
    ...fieldsOf(rules.definition),
    ClientToken: `create-${life.name}`,
  });
  if (!created) return;
  const isDeleted = random.chance(0.3);
  const count = random.between(3, 9);
  const lengthMs = range.toMs - range.fromMs - 20 * DAY_MS;
  const days = Array.from({ length: count }, () => random.between(2 * DAY_MS, lengthMs)).sort(
    (a, b) => a - b,
  );
  for (const [index, afterMs] of days.entries()) {
    // Two edits never meet, and none is at a minute's beginning, so clocks that differ agree.
    const minute = Math.floor((range.fromMs + afterMs) / MINUTE_MS) * MINUTE_MS;
    const atMs = Math.max(minute, timeline.nowMs() + 40 * MINUTE_MS);
    const secondMs = (random.between(20, 40) * SECOND_MS) % MINUTE_MS;
    await timeline.sleep(Math.floor(atMs / MINUTE_MS) * MINUTE_MS + secondMs - timeline.nowMs());
    if (isDeleted && index === count - 1) return remove(needs, life, send);
    await act(needs, { life, send, nth: index });
  }
  await timeline.sleep(DELETED_MS - timeline.nowMs());
  return remove(needs, life, send);
}

type Send = <A extends ScheduleAction>(
  action: A,
  request: Requests[A],
  tries?: number,
) => Promise<object | undefined>;

/** An outage is shorter. */
const TRIES = 1000;

/** Sends a request until an answer comes. `undefined`: a refusal, or nothing at all. */
function makeSender({ world, platform, caller }: Needs): Send {
  const { timeline, history } = world;
  return async (action, request, tries = TRIES) => {
    for (let sent = 0; sent < tries; sent += 1) {
      history.note("a caller", () => `${action} ${JSON.stringify(request)}`);
      const ended = await platform.invoke<object>({
        name: "schedules",
        limitMs: 30 * SECOND_MS,
        body: (services, timeLeftMs) =>
          useCaseOf(action)(services, { caller, request, application: undefined, timeLeftMs }),
      });
      if (ended.kind === "answer") return ended.answer;
      if (ended.kind === "error") {
        const { code, message } = ended.error;
        history.note("a caller", `${action} was refused: ${code} ${message}`);
        if (!/^(Service|Internal|Request)/.test(code)) return undefined;
      }
      await timeline.sleep(MINUTE_MS);
    }
    return undefined;
  };
}

type AnyUseCase = (services: Services, call: object) => Promise<object>;

const useCaseOf = (action: ScheduleAction): AnyUseCase =>
  scheduleUseCases[action] as unknown as AnyUseCase;

async function remove({ world }: Needs, life: Life, send: Send): Promise<void> {
  life.asked = { ...life.asked, state: "Deleted" };
  const request = { ScheduleId: life.scheduleId ?? "", StopRunning: true };
  if (await send("DeleteIngestSchedule", request)) life.stoppedMs = world.timeline.nowMs();
}

interface Act {
  life: Life;
  send: Send;
  nth: number;
}

async function act(needs: Needs, { life, send, nth }: Act): Promise<void> {
  const { random, world, range, draw } = needs;
  const ScheduleId = life.scheduleId ?? "";
  const ClientToken = `edit-${life.name}-${nth}`;
  const { rules } = life.asked;
  const redefine = async (drawn: DrawnRules) => {
    const next = withoutBounds(drawn);
    life.asked = { ...life.asked, rules: next };
    const fields = fieldsOf(next.definition);
    const answer = await send("UpdateIngestSchedule", { ScheduleId, ClientToken, ...fields });
    // Where no start is left in these rules, the update is refused.
    if (!answer) life.asked = { ...life.asked, rules };
  };
  if (life.asked.state === "Paused") {
    life.asked = { ...life.asked, state: "Enabled" };
    await send("UpdateIngestSchedule", { ScheduleId, ClientToken, State: "Enabled" });
    return;
  }
  switch (random.pick(DEEDS)) {
    case "redefine":
      await redefine(draw(random));
      return;
    case "exclude":
      await redefine({ ...rules, definition: withDate(rules, world.timeline.nowMs(), random) });
      return;
    case "touch": {
      // What plays is another source, and no time changes.
      const { definition } = rules;
      const ingest = { ...definition.ingest, Volume: random.between(1, 100) };
      await redefine({ ...rules, definition: { ...definition, ingest } });
      return;
    }
    case "pause": {
      life.asked = { ...life.asked, state: "Paused" };
      await send("UpdateIngestSchedule", { ScheduleId, ClientToken, State: "Paused" });
      await world.timeline.sleep(random.between(1, 9 * 24) * 60 * MINUTE_MS);
      life.asked = { ...life.asked, state: "Enabled" };
      const resume = { ScheduleId, ClientToken: `${ClientToken}-on`, State: "Enabled" } as const;
      await send("UpdateIngestSchedule", resume);
      return;
    }
    case "run":
      await send("RunIngestSchedule", { ScheduleId, ClientToken, DurationSeconds: 600 }, 3);
      return;
    case "skip":
      await skip(needs, { life, send, nth }, nextWindowsOf(rules, range, world.timeline.nowMs()));
  }
}

/** An update takes no bound away. These are the same as none. */
const withoutBounds = ({ windows, definition }: DrawnRules): DrawnRules => ({
  windows,
  definition: {
    ...definition,
    startTime: definition.startTime ?? "2000-01-01T00:00:00Z",
    endTime: definition.endTime ?? "9999-12-31T00:00:00Z",
  },
});

const nextWindowsOf = (rules: DrawnRules, range: OracleRange, fromMs: number) =>
  expectedWindows(rules, range, { fromMs, toMs: fromMs + 70 * DAY_MS });

function withDate({ definition }: DrawnRules, nowMs: number, random: Random) {
  const days = Array.from({ length: 5 }, () => nowMs + random.between(0, 40) * DAY_MS);
  const added = days.map((day) => new Date(day).toISOString().slice(0, 10));
  return { ...definition, excludeDates: [...new Set([...definition.excludeDates, ...added])] };
}

async function skip(
  { world, random, noSkips }: Needs,
  { life, send }: Act,
  windows: ReturnType<typeof expectedWindows>,
): Promise<void> {
  const nowMs = world.timeline.nowMs();
  const isNext = windows
    .filter(({ nominalMs, skipped }) => skipped === undefined && nominalMs > nowMs + 5 * MINUTE_MS)
    .filter(({ nominalMs }) => nominalMs < noSkips.fromMs || nowMs > noSkips.toMs)
    .slice(0, 12);
  if (isNext.length === 0) return;
  const { nominalMs } = random.pick(isNext);
  const StartTime = new Date(nominalMs).toISOString();
  const answer = await send("SkipIngestOccurrence", {
    ScheduleId: life.scheduleId ?? "",
    StartTime,
  });
  if (answer) life.skips.set(nominalMs, world.timeline.nowMs());
}
