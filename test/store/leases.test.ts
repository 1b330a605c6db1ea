/**
 * Work under a claim ends before the claim lapses, and before the function's time limit. Work that
 * fails waits longer each time. A database that fails ends the run.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { endTask } from "../../shared/ingest/stop/end-task.js";
import { expireIngests, stopOnTime } from "../../shared/ingest/stop/expire.js";
import type { Services } from "../../shared/ingest/services.js";
import { deliverNotifications } from "../../shared/notifications/deliver.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import { resumeStart } from "../../shared/ingest/start/resume-start.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { CN_APP, type TestApp, type TrtcHandle } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import { startTimedApp, timeLeft } from "../support/app/timed-app.js";
import { nextRoom } from "../support/app/rooms.js";

let clock: ManualClock;
let app: TestApp;
let trtc: TrtcHandle;
let services: Services;

beforeAll(async () => {
  ({ clock, app, services, trtc } = await startTimedApp());
});
beforeEach(async () => {
  trtc.next("StartStreamIngest");
  await app.database.query("delete from ingest");
  await app.database.query("delete from unclaimed_task");
  await clock.advance(MINUTE_MS);
});
afterAll(() => app.close());

const send = (functionName: string, request: object) =>
  clock.advanceUntilDone(app.post(functionName, request));

/** The row of a loop that plays. */
async function playing(fields: object = {}): Promise<Ingest> {
  const RoomId = nextRoom();
  const room = { SdkAppId: CN_APP, RoomId, RoomIdType: 0 };
  const played = { StreamUrl: app.clip, RepeatNum: -1, ClientToken: `token-of-${RoomId}` };
  const { response } = await send("start-ingest", { ...room, ...played, ...fields });
  const [row] = await app.database.query("select task_id from ingest where room_id = $1", [RoomId]);
  const ingest = await services.store.ingests.read(String(row?.["task_id"]));
  if (!ingest) throw new Error(JSON.stringify(response));
  return ingest;
}

const unanswered = (): Promise<Ingest> => {
  trtc.next("StartStreamIngest", "lose-answer");
  return playing();
};

interface Made {
  action: string;
  timeLeftMs: number;
  /** The end of the claim, from the row at that time. */
  leaseLeftMs: number;
}

/** The same services, and a list of their calls to TRTC. */
function watched(): { services: Services; made: Made[] } {
  const made: Made[] = [];
  const call: Services["trtc"]["call"] = async (action, request) => {
    const [row] = await app.database.query("select lease_until from ingest");
    const leaseUntil = (row?.["lease_until"] ?? new Date(0)) as Date;
    const leaseLeftMs = leaseUntil.getTime() - clock.now().getTime();
    made.push({ action, timeLeftMs: request.timeLeftMs, leaseLeftMs });
    return services.trtc.call(action, request);
  };
  return { made, services: { ...services, trtc: { ...services.trtc, call } } };
}

const lasting = (ms: number) => {
  return timeLeft(clock, ms);
};

describe("a call under a claim may last", () => {
  const LONG_MS = 5 * MINUTE_MS;
  const SHORT_MS = 10 * SECOND_MS;

  type Work = (
    watchedServices: Services,
    leaseMs: number,
    timeLeftMs: () => number,
  ) => Promise<unknown>;
  const WORK: Readonly<Record<string, Work>> = {
    async resumeStart(watchedServices, leaseMs, timeLeftMs) {
      const { taskId } = await unanswered();
      const claimed = await services.store.ingests.claimStart({ taskId, at: clock.now(), leaseMs });
      if (!claimed) throw new Error("somebody is at it");
      return resumeStart(watchedServices, claimed, timeLeftMs);
    },
    async endTask(watchedServices, leaseMs, timeLeftMs) {
      const { taskId } = await playing();
      await app.database.query("update ingest set unsure_until = $1", [clock.now()]);
      const at = clock.now();
      const begun = await services.store.ingests.beginStop({
        taskId,
        at,
        leaseMs,
        waitMaxMs: 1000,
      });
      if (!begun) throw new Error("somebody is at it");
      return endTask(watchedServices, { ...begun, askedAt: at, timeLeftMs });
    },
  };

  test.each(Object.entries(WORK))("%s: no longer than the claim lasts", async (_, work) => {
    const { services: watchedServices, made } = watched();
    await clock.advanceUntilDone(work(watchedServices, SHORT_MS, () => LONG_MS));
    expect(made.length).toBeGreaterThan(0);
    for (const { timeLeftMs } of made) expect(timeLeftMs).toBeLessThanOrEqual(SHORT_MS);
  });

  test.each(Object.entries(WORK))("%s: no longer than its function may run", async (_, work) => {
    const { services: watchedServices, made } = watched();
    await clock.advanceUntilDone(work(watchedServices, LONG_MS, () => SHORT_MS));
    expect(made.length).toBeGreaterThan(0);
    for (const { timeLeftMs } of made) expect(timeLeftMs).toBeLessThanOrEqual(SHORT_MS);
  });

  /** The claims of a run of reconcile-ingests, each with its precondition. */
  const CLAIMED: Readonly<Record<string, () => Promise<unknown>>> = {
    "a start without an answer": unanswered,
    async "an end that is overdue"() {
      const { deadlineAt } = await playing({ MaxDuration: 1 });
      await clock.advance(deadlineAt.getTime() - clock.now().getTime() + MINUTE_MS);
    },
    async "a source that has failed for good"() {
      await playing();
      const at = addMs(clock.now(), -MINUTE_MS);
      await app.database.query(
        "update ingest set media_state = 'failed', media_failures = $1, heard_at = $2",
        [[at, addMs(at, 1), addMs(at, 2)], at],
      );
    },
    async "a robot that may come late"() {
      const { taskId } = await unanswered();
      await send("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
      await clock.advance(10 * MINUTE_MS);
    },
  };

  test.each(Object.entries(CLAIMED))("also in a run that claims %s", async (_, have) => {
    await have();
    const { services: watchedServices, made } = watched();
    await clock.advanceUntilDone(reconcileIngests(watchedServices, { timeLeftMs: () => LONG_MS }));
    expect(made.length).toBeGreaterThan(0);
    for (const { timeLeftMs, leaseLeftMs } of made) {
      expect(timeLeftMs).toBeLessThanOrEqual(leaseLeftMs);
    }
  });
});

describe("a stop that TRTC refuses repeatedly", () => {
  test("is tried again after growing pauses, and at least once a minute", async () => {
    const { taskId } = await playing({ MaxDuration: 10_080 });
    const TRIES = 40;
    trtc.next("StopStreamIngest", ...Array<"http-502">(TRIES).fill("http-502"));
    const pauses: number[] = [];
    for (let n = 0; n < TRIES; n += 1) {
      const at = clock.now();
      const asked = { at, leaseMs: 10_000, waitMaxMs: 1000 };
      const begun = await services.store.ingests.beginStop({ taskId, ...asked });
      if (!begun) throw new Error("its claim holds");
      const trying = endTask(services, { ...begun, askedAt: at, timeLeftMs: () => 9000 });
      await expect(clock.advanceUntilDone(trying)).rejects.toMatchObject({ name: "TrtcError" });
      const leaseUntil = (await services.store.ingests.read(taskId))?.leaseUntil ?? at;
      pauses.push(leaseUntil.getTime() - clock.now().getTime());
      await clock.advance(pauses.at(-1) ?? 0);
    }
    expect(pauses[0]).toBe(SECOND_MS);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.filter((pause) => pause > SECOND_MS && pause < MINUTE_MS).length).toBeGreaterThan(
      5,
    );
    expect(pauses.at(-1)).toBe(MINUTE_MS);
  });
});

describe("a database that fails", () => {
  class Away extends Error {}

  /** The same services, whose store fails at this operation, and a list of its operations. */
  function failing(operation: string) {
    const asked: string[] = [];
    const failingIn = <T extends object>(object: T, group = ""): T =>
      new Proxy(object, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          const path = `${group}${String(name)}`;
          if (typeof value === "object" && value !== null) return failingIn(value, `${path}.`);
          if (typeof value !== "function") return value;
          return (...parameters: unknown[]) => {
            asked.push(path);
            if (path === operation) return Promise.reject(new Away());
            return Reflect.apply(value, target, parameters) as unknown;
          };
        },
      });
    return { asked, services: { ...services, store: failingIn(services.store) } };
  }

  const IN_RECONCILE = [
    "ingests.claimUnfinished",
    "ingests.claimDue",
    "ingests.beginFailedSourceStops",
    "ingests.claimLateStarts",
    "ingests.claimStaleTasks",
    "unclaimedTasks.adopt",
    "unclaimedTasks.count",
    "unclaimedTasks.forget",
    "audience.forget",
    "deadLetters.forgetResolved",
  ];

  test.each(IN_RECONCILE)("at %s ends a run of reconcile-ingests there", async (operation) => {
    const { services: failingServices, asked } = failing(operation);
    const running = reconcileIngests(failingServices, { timeLeftMs: lasting(MINUTE_MS) });
    await expect(clock.advanceUntilDone(running)).rejects.toBeInstanceOf(Away);
    expect(asked.at(-1)).toBe(operation);
  });

  test.each(["outbox.callersWaiting", "outbox.forgetDead"])(
    "at %s ends a run of deliver-notifications there",
    async (operation) => {
      const { services: failingServices, asked } = failing(operation);
      const running = deliverNotifications(failingServices, { timeLeftMs: lasting(MINUTE_MS) });
      await expect(clock.advanceUntilDone(running)).rejects.toBeInstanceOf(Away);
      expect(asked.at(-1)).toBe(operation);
    },
  );

  test.each(
    ["claimUnfinished", "claimDue", "claimLateStarts", "claimStaleTasks"].map(
      (n) => `ingests.${n}`,
    ),
  )("is asked in this order without a failure: %s comes up", async (operation) => {
    const { services: failingServices, asked } = failing("outbox.listDead");
    await clock.advanceUntilDone(
      reconcileIngests(failingServices, { timeLeftMs: lasting(MINUTE_MS) }),
    );
    expect(asked).toContain(operation);
  });

  /** Operations of the store for one claim, which fail in the middle of a batch. */
  const IN_BATCH: Readonly<Record<string, [() => Promise<unknown>, string]>> = {
    "a start that nobody can send again": [
      async () => {
        await unanswered();
        await app.database.query("update ingest set client_token = null");
      },
      "ingests.markFailed",
    ],
    "the slot of one": [unanswered, "slots.take"],
    "a robot that may come late": [
      async () => {
        const { taskId } = await unanswered();
        await send("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
        await clock.advance(10 * MINUTE_MS);
      },
      "ingests.clearLateStart",
    ],
  };

  test.each(Object.entries(IN_BATCH))(
    "in the middle of a batch ends the run: %s",
    async (_, [have, operation]) => {
      await have();
      const { services: failingServices, asked } = failing(operation);
      const running = reconcileIngests(failingServices, { timeLeftMs: lasting(MINUTE_MS) });
      await expect(clock.advanceUntilDone(running)).rejects.toBeInstanceOf(Away);
      expect(asked).toContain(operation);
      expect(asked).not.toContain("unclaimedTasks.adopt");
    },
  );

  test("while a stale task is checked ends the run", async () => {
    await playing();
    await clock.advance(6 * MINUTE_MS);
    const { services: failingServices, asked } = failing("slots.take");
    const running = reconcileIngests(failingServices, { timeLeftMs: lasting(MINUTE_MS) });
    await expect(clock.advanceUntilDone(running)).rejects.toBeInstanceOf(Away);
    expect(asked.at(-1)).toBe("slots.take");
  });

  test.each(["ingests.nextClaimAt", "signatures.forget"])(
    "at %s ends a run of expire-ingests",
    async (operation) => {
      const { services: failingServices, asked } = failing(operation);
      const running = expireIngests(failingServices, { timeLeftMs: lasting(MINUTE_MS) });
      await expect(clock.advanceUntilDone(running)).rejects.toBeInstanceOf(Away);
      expect(asked.at(-1)).toBe(operation);
    },
  );

  test("at a stop leaves that stop due, and logs it", async () => {
    const ingest = await playing({ MaxDuration: 1 });
    await clock.advance(MINUTE_MS);
    const { services: failingServices } = failing("ingests.beginDueStop");
    const stopping = stopOnTime(failingServices, ingest, lasting(MINUTE_MS));
    expect(await clock.advanceUntilDone(stopping)).toBe("failed");
    expect(await services.store.ingests.read(ingest.taskId)).toMatchObject({ state: "running" });
  });
});
