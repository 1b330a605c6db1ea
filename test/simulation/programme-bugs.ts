/** Deliberate bugs of programmes that the simulator must find. */
import type { Services } from "../../shared/ingest/services.js";
import type { OnAir, Programme } from "../../shared/store/programmes/programme-row.js";
import type { Stepped, StepNews } from "../../shared/store/programmes/steps.js";
import { NEVER_MS, withCalls, withStore } from "./bug-services.js";
import type { Patch } from "./platform/platform.js";

interface Before {
  programme: Programme;
  onAir: OnAir;
}

/** A step writes something else than it has decided. */
const withSteps = (
  services: Services,
  change: (to: Stepped, before: Before, news: StepNews) => Partial<Stepped>,
): Services => {
  const { store } = services;
  return withStore(services, {
    programmes: {
      async markStepped(to, news) {
        const row = await store.ingests.read(to.taskId);
        if (!row?.programme || !row.onAir) return store.programmes.markStepped(to, news);
        const before = { programme: row.programme, onAir: row.onAir };
        return store.programmes.markStepped({ ...to, ...change(to, before, news) }, news);
      },
    },
  });
};

export const PROGRAMME_BUGS: Readonly<Record<string, Patch>> = {
  "a switch adds its lateness to the clock": (services) =>
    withSteps(services, ({ programme, onAir: { index, round }, at }, _, news) =>
      news === "item"
        ? {
            programme: {
              ...programme,
              anchor: { at: at.toISOString(), index, round, passedSeconds: 0 },
            },
          }
        : {},
    ),

  "a skip passes over two items": (services) =>
    withSteps(services, ({ programme }, before) => {
      const { anchor, items } = programme;
      if (anchor.at === before.programme.anchor.at) return {};
      const index = (anchor.index + 1) % items.length;
      return { programme: { ...programme, anchor: { ...anchor, index } } };
    }),

  "a failure counts for the next item too": (services) =>
    withSteps(services, ({ onAir }, before, news) =>
      news === "item" ? { onAir: { ...onAir, failed: before.onAir.failed } } : {},
    ),

  "a step writes without its claim": (services) => {
    const { store } = services;
    return withStore(services, {
      programmes: {
        async markStepped(to, news) {
          const stepFence = (await store.ingests.read(to.taskId))?.stepFence ?? to.stepFence;
          return store.programmes.markStepped({ ...to, stepFence }, news);
        },
      },
    });
  },

  "the claim of a step never lapses": (services) => {
    const { store } = services;
    const leaseMs = NEVER_MS;
    return withStore(services, {
      programmes: {
        claimDue: (claim) => store.programmes.claimDue({ ...claim, leaseMs }),
        beginStep: (attempt) => store.programmes.beginStep({ ...attempt, leaseMs }),
        claimStep: (claim) => store.programmes.claimStep({ ...claim, leaseMs }),
      },
    });
  },

  "an update without an answer is called done": (services) =>
    withCalls(services, (action, through) =>
      action === "UpdateStreamIngest"
        ? through().catch(() => ({ Status: "InProgress" }))
        : through(),
    ),

  "a restart begins the list anew": (services) => {
    const { store } = services;
    return withStore(services, {
      programmes: {
        markRestarting({ programme, ...restart }) {
          const anchor = { at: null, index: 0, round: 0, passedSeconds: 0 };
          return store.programmes.markRestarting({
            ...restart,
            programme: { ...programme, anchor },
          });
        },
      },
    });
  },

  "restarts are not counted": (services) => {
    const { store } = services;
    return withStore(services, {
      programmes: {
        markRestarting({ onAir, ...restart }) {
          return store.programmes.markRestarting({
            ...restart,
            onAir: { ...onAir, restartedAt: [] },
          });
        },
      },
    });
  },

  "an ingest that starts again is not ended at its deadline": (services) => {
    const { store } = services;
    return withStore(services, {
      scheduled: {
        async markMissed(missed) {
          const row = await store.ingests.read(missed.taskId);
          return row?.startedAt ? undefined : store.scheduled.markMissed(missed);
        },
      },
    });
  },

  "a main source that is well again is not believed": (services) => {
    const { readSource } = services;
    return {
      ...services,
      // A start reads its sources in words of its own.
      readSource: async (url, leftMs, words) =>
        words
          ? readSource(url, leftMs, words)
          : { outcome: "unreachable", media: null, message: "There is nothing." },
    };
  },

  "the end of a list is not noticed": (services) => {
    const { store } = services;
    return withStore(services, {
      ingests: {
        beginStop: (stop) =>
          stop.reason === "finished" ? Promise.resolve(undefined) : store.ingests.beginStop(stop),
      },
    });
  },
};
