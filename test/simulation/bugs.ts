/**
 * Deliberate bugs that the simulator must find; each is a plausible mistake. A bug sits between the
 * use cases and the store, TRTC or the clock, so it works with either store.
 */
import { addMs } from "../../shared/clock.js";
import type { Slot } from "../../shared/store/engine/database-time.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { FAILED_FOR_GOOD, FAILED_SURELY } from "../../shared/store/ingests/media.js";
import { watchBudget } from "../../shared/store/budgets/watch.js";
import type { Store } from "../../shared/store/store.js";
import { TrtcError } from "../../shared/trtc/trtc-error.js";
import { NEVER_MS, withCalls, withStore } from "./bug-services.js";
import { isOfMessage } from "./messages/message.js";
import type { Patch } from "./platform/platform.js";
import { PROGRAMME_BUGS } from "./programme-bugs.js";

const AT_ONCE: Slot = { msUntil: () => 0 };

const neverWaits = <T extends { slot?: Slot | undefined }>(begun: T): T => ({
  ...begun,
  slot: AT_ONCE,
});

async function listLive(store: Store, callerId: string): Promise<{ ingests: number }> {
  const rows = await store.ingests.list({ callerId, limit: 100 });
  return { ingests: rows.filter(({ state }) => state !== "ended").length };
}

export const BUGS: Readonly<Record<string, Patch>> = {
  ...PROGRAMME_BUGS,

  "no row before the call": (services) => {
    const { store } = services;
    const unwritten = new Map<string, Parameters<Store["ingests"]["beginStart"]>[0]>();
    return withStore(services, {
      ingests: {
        async beginStart(request) {
          const conflict = await store.ingests.findConflict(request);
          if (conflict) return conflict;
          unwritten.set(request.taskId, request);
          const { account, waitMaxMs } = request;
          const slot = await store.slots.take({ account, action: "StartStreamIngest", waitMaxMs });
          const ingest = { ...request, state: "starting", fence: 0, lateStartUntil: null };
          return { outcome: "begun", ingest: ingest as unknown as Ingest, slot };
        },
        async markRunning(to) {
          const request = unwritten.get(to.taskId);
          if (request) await store.ingests.beginStart({ ...request, waitMaxMs: NEVER_MS });
          return store.ingests.markRunning(to);
        },
      },
    });
  },

  "the fence is not checked": (services) => {
    const { store } = services;
    const unfenced = async <T extends { taskId: string; fence: number }>(to: T): Promise<T> => ({
      ...to,
      fence: (await store.ingests.read(to.taskId))?.fence ?? to.fence,
    });
    return withStore(services, {
      ingests: {
        markRunning: async (to) => store.ingests.markRunning(await unfenced(to)),
        markFailed: async (to) => store.ingests.markFailed(await unfenced(to)),
        markEnded: async (to) => store.ingests.markEnded(await unfenced(to)),
        beginDueStop: async (stop) => store.ingests.beginDueStop(await unfenced(stop)),
      },
    });
  },

  "a lease never lapses": (services) => {
    const { store } = services;
    const leaseMs = NEVER_MS;
    return withStore(services, {
      ingests: {
        beginStart: (request) => store.ingests.beginStart({ ...request, leaseMs }),
        beginStop: (stop) => store.ingests.beginStop({ ...stop, leaseMs }),
        beginDueStop: (stop) => store.ingests.beginDueStop({ ...stop, leaseMs }),
        claimDue: (claim) => store.ingests.claimDue({ ...claim, leaseMs }),
      },
    });
  },

  "a start is sent again with another robot": (services, random) => {
    const { store } = services;
    const renamed = (ingest: Ingest): Ingest => ({
      ...ingest,
      robotUserId: `robot_${random.between(1, NEVER_MS)}`,
    });
    return withStore(services, {
      ingests: {
        async claimUnfinished(claim) {
          return (await store.ingests.claimUnfinished(claim)).map(renamed);
        },
        async claimStart(claim) {
          const claimed = await store.ingests.claimStart(claim);
          return claimed && renamed(claimed);
        },
      },
    });
  },

  "the slot is not waited for": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        async beginStart(request) {
          const begun = await store.ingests.beginStart(request);
          return begun.outcome === "begun" ? neverWaits(begun) : begun;
        },
        async beginStop(stop) {
          const begun = await store.ingests.beginStop(stop);
          return begun && neverWaits(begun);
        },
        async beginDueStop(stop) {
          const begun = await store.ingests.beginDueStop(stop);
          return begun && neverWaits(begun);
        },
      },
      slots: { take: async (request) => (await store.slots.take(request)) && AT_ONCE },
    });
  },

  "ended is written before the stop": (services) => {
    const { store, clock } = services;
    const ended = async <T extends { ingest: Ingest }>(begun: T | undefined) => {
      if (!begun) return undefined;
      const { taskId, fence, endReason } = begun.ingest;
      await store.ingests.markEnded({
        taskId,
        fence,
        reason: endReason ?? "stopped",
        at: clock.now(),
      });
      return begun;
    };
    return withStore(services, {
      ingests: {
        beginStop: async (stop) => ended(await store.ingests.beginStop(stop)),
        beginDueStop: async (stop) => ended(await store.ingests.beginDueStop(stop)),
      },
    });
  },

  "oldest first for all callers": (services) => {
    const { store } = services;
    const takeSlot: Store["slots"]["take"] = ({ account, action, waitMaxMs }) =>
      store.slots.take({ account, action, waitMaxMs });
    return withStore(services, {
      slots: { take: takeSlot },
      ingests: {
        async beginStart(request) {
          const begun = await store.ingests.beginStart(request);
          if (begun.outcome !== "begun") return begun;
          const { account, waitMaxMs } = request;
          const slot = await takeSlot({ account, action: "StartStreamIngest", waitMaxMs });
          return { ...begun, slot };
        },
      },
    });
  },

  "a quota is counted before the insert": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        async beginStart({ quotas = {}, ...request }) {
          const { callerId } = request;
          const { ingests } = await listLive(store, callerId);
          const { maxIngests = NEVER_MS } = quotas;
          if (ingests >= maxIngests) return { outcome: "no-slot" };
          return store.ingests.beginStart(request);
        },
      },
    });
  },

  "a budget counts what was spent, and not what runs": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        async beginStart({ budgets = [], ...request }) {
          for (const budget of budgets) {
            const states = await store.budgets.run(watchBudget, { budget, receivers: [] });
            if (states.some(({ spent, limit }) => spent >= limit)) return { outcome: "no-slot" };
          }
          return store.ingests.beginStart(request);
        },
      },
    });
  },

  "a token is not unique": (services, random) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        beginStart: (request) =>
          store.ingests.beginStart({
            ...request,
            clientToken: request.clientToken && `${request.clientToken} ${random.next()}`,
          }),
      },
    });
  },

  "the deadline is not read again": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        async beginDueStop(stop) {
          const deadlineAt = (await store.ingests.read(stop.taskId))?.deadlineAt ?? stop.at;
          return store.ingests.beginDueStop({
            ...stop,
            at: deadlineAt > stop.at ? deadlineAt : stop.at,
          });
        },
      },
    });
  },

  "the robot is not removed before it is sent again": (services) =>
    withCalls(services, (action, through) =>
      action.startsWith("RemoveUser") ? Promise.resolve({}) : through(),
    ),

  "robots that may come late are not cleared": (services) =>
    withStore(services, { ingests: { claimLateStarts: () => Promise.resolve([]) } }),

  "a start without an answer is called failed": (services) =>
    withCalls(services, async (action, through) => {
      try {
        return await through();
      } catch (error) {
        if (action !== "StartStreamIngest" || !(error instanceof TrtcError)) throw error;
        throw new TrtcError(error.code, error.message, "refused");
      }
    }),

  "a stop without an answer is called done": (services) =>
    withCalls(services, (action, through) =>
      action === "StopStreamIngest" ? through().catch(() => ({})) : through(),
    ),

  "a message has another name at each delivery": (services, random) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        beginStart: (request) =>
          store.ingests.beginStart({
            ...request,
            clientToken: isOfMessage(request.clientToken)
              ? `${request.clientToken} ${random.next()}`
              : request.clientToken,
          }),
      },
    });
  },

  "a dead letter that is replayed gets a new token": (services) => {
    let asked = 0;
    return withStore(services, {
      deadLetters: { isTokenSpent: () => Promise.resolve((asked += 1) % 2 === 1) },
    });
  },

  "an update that comes again is carried out again": (services) => {
    const { store } = services;
    return withStore(services, {
      signatures: { claim: () => Promise.resolve("begun") },
      ingests: {
        markUpdated: (to) =>
          store.ingests.markUpdated({ ...to, signature: undefined, use: undefined }),
      },
    });
  },

  "a dead letter is not written": (services) =>
    withStore(services, { deadLetters: { add: () => Promise.resolve() } }),

  "what nobody knows is never stopped": (services) =>
    withStore(services, { unclaimedTasks: { take: () => Promise.resolve([]) } }),

  "what nobody knows is stopped at once": (services) => {
    const { store } = services;
    return withStore(services, {
      unclaimedTasks: {
        count: () => store.unclaimedTasks.count(services.clock.now()),
        take: (request) => store.unclaimedTasks.take({ ...request, seenBefore: request.at }),
      },
    });
  },

  "a source that has failed for good is left to itself": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: { beginFailedSourceStops: () => Promise.resolve([]) },
      roomEvents: {
        async recordTaskEvent(event) {
          const recorded = await store.roomEvents.recordTaskEvent(event);
          return recorded && { ...recorded, failedTimes: 0 };
        },
      },
    });
  },

  "a source's last try is not waited for": (services) => {
    const { store } = services;
    return withStore(services, {
      roomEvents: {
        async recordTaskEvent(event) {
          const recorded = await store.roomEvents.recordTaskEvent(event);
          const isThird = recorded?.failedTimes === FAILED_FOR_GOOD;
          return isThird ? { ...recorded, failedTimes: FAILED_SURELY } : recorded;
        },
      },
    });
  },

  "702 is believed": (services) => {
    const { store, clock } = services;
    return withStore(services, {
      roomEvents: {
        async recordTaskEvent(event) {
          const recorded = await store.roomEvents.recordTaskEvent(event);
          if (event.media !== undefined || recorded?.ingest.state !== "running") return recorded;
          const { taskId, fence } = recorded.ingest;
          await store.ingests.markEnded({ taskId, fence, reason: "lost", at: clock.now() });
          return recorded;
        },
      },
    });
  },

  "a StartTime that has moved is not read again": (services) => {
    const { store } = services;
    return withStore(services, {
      scheduled: {
        async begin(attempt) {
          const row = await store.ingests.read(attempt.claimed.taskId);
          const { advanceAt = null, advanceFence = 0 } = row ?? {};
          const at = advanceAt && advanceAt > attempt.at ? advanceAt : attempt.at;
          const claimed = { ...attempt.claimed, advanceFence };
          return store.scheduled.begin({ ...attempt, claimed, at });
        },
      },
    });
  },

  "a scheduled start is sent by a run that has lost its claim": (services) => {
    const { store } = services;
    return withStore(services, {
      scheduled: {
        async begin(attempt) {
          const begun = await store.scheduled.begin(attempt);
          const { taskId, advanceFence } = attempt.claimed;
          const ingest = await store.ingests.read(taskId);
          const isLost = begun.outcome === "spared" && ingest?.advanceFence !== advanceFence;
          if (!isLost || !ingest || ingest.state === "ended") return begun;
          const leaseUntil = addMs(attempt.at, attempt.leaseMs);
          return { outcome: "begun", ingest: { ...ingest, leaseUntil }, slot: AT_ONCE };
        },
      },
    });
  },

  "a missed start is never ended": (services) =>
    withStore(services, { scheduled: { markMissed: () => Promise.resolve(undefined) } }),

  "a quiet task is never asked about": (services) =>
    withStore(services, { ingests: { claimStaleTasks: () => Promise.resolve([]) } }),

  "what is claimed is stopped at once": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        async claimDue(claim) {
          const claimed = await store.ingests.claimDue(claim);
          return claimed.map((ingest) => ({ ...ingest, deadlineAt: addMs(claim.at, -1) }));
        },
        beginDueStop: (stop) => store.ingests.beginDueStop({ ...stop, at: addMs(stop.at, 2000) }),
      },
    });
  },
};
