/** Carries drawn commands out over a real database and the emulator, and writes the history down. */
import { scheduleUseCases } from "../../../shared/schedules/use-cases.js";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { ApiError } from "../../../shared/contract/errors.js";
import type { ScheduleAction } from "../../../shared/contract/schedules/schemas.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import type { Services } from "../../../shared/ingest/services.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { planSchedules } from "../../../shared/schedules/planning/plan-schedules.js";
import { CN_APP, SECRET_ID } from "../../support/app/test-app.js";
import { startTimedApp, timeLeft } from "../../support/app/timed-app.js";
import { openTestPostgres } from "../../support/database/databases.js";
import type { Changes, Command, Request, Sequence, Timer, Work } from "./draw.js";
import { History, type Life } from "./history.js";
import { dyingInstance, together } from "./instances.js";

const RUN_MS = 60 * SECOND_MS;

const USE_CASES = {
  plan: planSchedules,
  advance: advanceIngests,
  expire: expireIngests,
  reconcile: reconcileIngests,
};

/** In this order, what one of them leaves is not left to the next instant. */
const ROUND: readonly Timer[] = ["plan", "advance", "expire", "plan"];

/** When something falls due next. */
const NEXT_DUE = `select min(at) as at from (
    select plan_at as at from schedule
    union all select unnest(array[
      advance_at, advance_lease_until, lease_until, due_at, step_at, step_lease_until, unsure_until
    ]) from ingest where state <> 'ended' or unsure_until is not null
  ) as due where at > $1`;

const TABLES = [
  "occurrence",
  "schedule",
  "ingest",
  "call_slot",
  "caller_place",
  "caller_lane",
  "outbox",
];

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld() {
  const caller = { Id: SECRET_ID, SecretKeys: ["key-of-the-caller"], SdkAppIds: [CN_APP] };
  const { app, clock, services } = await startTimedApp({
    database: await openTestPostgres(),
    env: { CALLERS: JSON.stringify([{ ...caller, MaxDuration: 1440 }]) },
  });
  const { database } = app;
  let count = 0;
  let history = new History(database, clock);

  const until = <T>(work: Promise<T>): Promise<T> => clock.advanceUntilDone(work);

  const ask = (on: Services, action: ScheduleAction, fields: object): Promise<object> => {
    const call = {
      caller: on.config.callers.get(SECRET_ID),
      request: fields,
      application: on.config.applications.get(CN_APP),
      timeLeftMs: timeLeft(clock, RUN_MS),
    };
    return scheduleUseCases[action](on, call as never);
  };

  const runTimer = (on: Services, timer: Timer): Promise<object> =>
    USE_CASES[timer](on, { timeLeftMs: timeLeft(clock, RUN_MS) });

  const bodyOf = (changes: Changes): object => {
    const { windows, zone, excluded, state, policy, catchupSeconds, comment } = changes;
    const at = (hours: number) => addMs(clock.now(), hours * 60 * MINUTE_MS).toISOString();
    const fields = {
      Windows: windows,
      TimeZone: zone,
      ExcludeDates: excluded?.map((day) => at(24 * day).slice(0, 10)),
      StartTime: changes.startsInHours === undefined ? undefined : at(changes.startsInHours),
      EndTime: changes.endsInHours === undefined ? undefined : at(changes.endsInHours),
      State: state,
      OverlapPolicy: policy,
      CatchupSeconds: catchupSeconds,
      StartJitterSeconds: changes.jitterSeconds,
      Comment: comment,
    };
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  };

  async function create(changes: Changes): Promise<void> {
    count += 1;
    const RoomId = `sequence-${count}`;
    const Ingest = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
    const fields = { Name: RoomId, Ingest, ...bodyOf(changes) };
    const created = await refusable(until(ask(services, "CreateIngestSchedule", fields)));
    if (created) await history.begin((created as { ScheduleId: string }).ScheduleId, RoomId);
  }

  const lifeOf = ({ nth }: Request): Life | undefined =>
    history.lives.length === 0 ? undefined : history.lives[nth % history.lives.length];

  /** What the request does, with the names and instants of now. `undefined`: it cannot be sent. */
  function requestOf(request: Request): { action: ScheduleAction; fields: object } | undefined {
    const life = lifeOf(request);
    if (!life) return undefined;
    const { scheduleId: ScheduleId } = life;
    switch (request.do) {
      case "update":
        return {
          action: "UpdateIngestSchedule",
          fields: { ScheduleId, ...bodyOf(request.changes) },
        };
      case "delete":
        return {
          action: "DeleteIngestSchedule",
          fields: { ScheduleId, StopRunning: request.stopRunning },
        };
      case "skip": {
        const ahead = life.windowsAhead(clock.now(), request.ahead + 1).at(-1);
        const StartTime = ahead?.nominalAt.toISOString();
        return ahead && { action: "SkipIngestOccurrence", fields: { ScheduleId, StartTime } };
      }
      case "run":
        // Of two starts at one instant the name decides, and the winner takes the robot over.
        clock.jump(1);
        return {
          action: "RunIngestSchedule",
          fields: { ScheduleId, DurationSeconds: request.seconds },
        };
    }
  }

  function workOn(work: Work): ((on: Services) => Promise<unknown>) | undefined {
    if (work.do === "timer") return (on) => runTimer(on, work.timer);
    const request = requestOf(work);
    return request && ((on) => refusable(ask(on, request.action, request.fields)));
  }

  async function doWork(work: Work): Promise<void> {
    const begun = await history.beforeWork();
    const act = workOn(work);
    const answer = await until(act?.(services) ?? Promise.resolve(undefined));
    if (work.do !== "timer") history.answered(lifeOf(work), work, answer);
    await history.afterWork(begun, "one");
  }

  async function die(after: number, work: Work): Promise<void> {
    const begun = await history.beforeWork();
    const instance = dyingInstance(services, { clock, database, after });
    const act = workOn(work);
    const answer = await until(
      (act?.(instance.services) ?? Promise.resolve(undefined)).catch((error: unknown) => {
        if (!instance.isDead()) throw error;
      }),
    );
    if (work.do !== "timer") {
      if (instance.isDead()) history.unanswered(lifeOf(work), work);
      else history.answered(lifeOf(work), work, answer);
    }
    if (instance.isDead()) history.died();
    await history.afterWork(begun, "one");
  }

  async function doTogether(turns: readonly boolean[], works: readonly Work[]): Promise<void> {
    const begun = await history.beforeWork();
    const acts = works.map(workOn).flatMap((act) => act ?? []);
    await until(together(services, { clock, database, turns, works: acts }));
    for (const work of works) {
      if (work.do !== "timer") history.unanswered(lifeOf(work), work);
    }
    await history.afterWork(begun, "two");
  }

  async function round(): Promise<void> {
    // Without a death it has nothing to do, and costs more than the others together.
    if (history.hasDeaths) await until(runTimer(services, "reconcile"));
    for (const timer of ROUND) await until(runTimer(services, timer));
  }

  /** From one due instant to the next, as time passes where all timers run. */
  async function pass(minutes: number): Promise<void> {
    const begun = await history.beforeWork();
    const from = clock.now();
    const to = addMs(from, minutes * MINUTE_MS);
    for (let at = from; at <= to; at = (await nextDue(clock.now())) ?? addMs(to, 1)) {
      clock.jump(Math.max(0, at.getTime() - clock.now().getTime()));
      await round();
    }
    clock.jump(Math.max(0, to.getTime() - clock.now().getTime()));
    await round();
    history.passed(from, clock.now());
    await history.afterWork(begun, "one");
  }

  async function nextDue(after: Date): Promise<Date | undefined> {
    const [row] = await database.query(NEXT_DUE, [after]);
    return row?.["at"] instanceof Date ? row["at"] : undefined;
  }

  async function near(): Promise<void> {
    const at = await nextDue(clock.now());
    const ms = (at?.getTime() ?? 0) - SECOND_MS - clock.now().getTime();
    clock.jump(Math.max(0, ms));
    history.moved();
  }

  async function carryOut(command: Command): Promise<void> {
    switch (command.do) {
      case "create":
        return create(command.changes);
      case "jump":
        clock.jump(command.seconds * SECOND_MS);
        history.moved();
        return;
      case "near":
        return near();
      case "pass":
        return pass(command.minutes);
      case "die":
        return die(command.after, command.work);
      case "together":
        return doTogether(command.turns, command.works);
      case "update":
      case "delete":
      case "skip":
      case "run":
      case "timer":
        return doWork(command);
    }
  }

  return {
    app,
    clock,
    services,
    database,
    plan: () => until(runTimer(services, "plan")),

    /** Afterwards the timers have run for some hours. */
    async play({ startsAt, first, commands }: Sequence): Promise<History> {
      for (const table of TABLES) await database.query(`delete from ${table}`);
      clock.jump(new Date(startsAt).getTime() - clock.now().getTime());
      history = new History(database, clock);
      await create(first);
      for (const command of commands) await carryOut(command);
      await pass(QUIET_MINUTES);
      return history;
    },

    tasksOf: async ({ room }: Life) =>
      (await app.truth.tasks()).filter(({ roomId }) => roomId === room),
  };
}

const QUIET_MINUTES = 200;

/** `undefined` for a refusal, which changes nothing. */
async function refusable(work: Promise<object>): Promise<object | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.code !== "InternalError") return undefined;
    throw error;
  }
}
