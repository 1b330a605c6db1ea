/** Deliberate bugs of schedules that a year of the simulator must find. */
import { type LocalTime, Zone } from "../../../shared/calendar/zone.js";
import type { Zones } from "../../../shared/calendar/zones.js";
import type { Services } from "../../../shared/ingest/services.js";
import type { ScheduleWrites } from "../../../shared/store/schedules/operations.js";
import type { Schedule } from "../../../shared/store/schedules/schedule-row.js";
import { addMs } from "../../../shared/clock.js";
import { put } from "../model/tables.js";
import type { Patch } from "../platform/platform.js";
import { oldZones } from "./drawn/zones.js";

/** Statements of a transaction that replace its own. */
type Replace = (writes: ScheduleWrites, services: Services) => Partial<ScheduleWrites>;

function withWrites(services: Services, replace: Replace): Services {
  const { store } = services;
  const { schedules } = store;
  const transaction: typeof schedules.transaction = (work) =>
    schedules.transaction((writes) => work({ ...writes, ...replace(writes, services) }));
  return {
    ...services,
    store: { ...store, schedules: { ...schedules, transaction } },
  };
}

const withoutDates = (schedule: Schedule): Schedule => ({
  ...schedule,
  definition: { ...schedule.definition, excludeDates: [] },
});

const shiftMs = ({ revision }: { revision: number }): number => ((revision * 7919) % 31) * 1000;

export const SCHEDULE_BUGS: Readonly<Record<string, Patch>> = {
  "an edit forgets the excluded dates": (services) =>
    withWrites(services, (writes) => ({
      update: (schedule) => writes.update(withoutDates(schedule)),
    })),

  "plans with the old time zone data": (services) => ({
    ...services,
    ...(services.zones && { zones: { ...services.zones, zoneOf: oldZones.zoneOf } }),
  }),

  "a skip is forgotten when planning comes again": (services) =>
    withWrites(services, (writes) => ({
      readOpenOccurrences: async (asked) =>
        (await writes.readOpenOccurrences(asked)).map((one) =>
          one.reason === "Asked" ? { ...one, state: "Planned", reason: null } : one,
        ),
    })),

  "a plan is marked before its occurrences are written": (services, random) =>
    withWrites(services, (writes) => ({
      // As if the instance were killed now and then when the plan is marked already.
      writeOccurrences: (occurrences) =>
        random.chance(0.03) ? Promise.resolve() : writes.writeOccurrences(occurrences),
    })),

  "the delay of a start changes with the revision": (services) =>
    withWrites(services, (writes) => ({
      insertStarts: (starts) =>
        writes.insertStarts(
          starts.map((start) => ({
            ...start,
            ...(start.schedule && {
              schedule: {
                ...start.schedule,
                startsAt: addMs(start.schedule.startsAt, shiftMs(revisionOf(start.clientToken))),
              },
            }),
          })),
        ),
    })),

  "newer time zone data does not plan anew": (services) => {
    const { store, zones } = services;
    const { schedules } = store;
    const isKnown = (schedule: Schedule): Schedule => ({
      ...schedule,
      tzdata: zones?.version ?? schedule.tzdata,
    });
    const unaware = withWrites(services, (writes) => ({
      claim: async (claim) => (await writes.claim(claim)).map(isKnown),
      lock: async (keys) => {
        const schedule = await writes.lock(keys);
        return schedule && isKnown(schedule);
      },
    }));
    const { transaction } = unaware.store.schedules;
    const planAgain = () => Promise.resolve();
    return {
      ...services,
      store: { ...store, schedules: { ...schedules, transaction, planAgain } },
    };
  },

  "the end of a window in a fold is the first pass": (services) => ({
    ...services,
    ...(services.zones && { zones: withShortFolds(services.zones) }),
  }),

  "the loser of a takeover is not ended": (services, _random, behind) => {
    const { store } = services;
    if (!("tables" in behind)) return services;
    const { tables } = behind;
    const takeOver: typeof store.overlap.takeOver = async (take) => {
      const loser = tables.ingests.get(take.loser.taskId);
      const winner = await store.overlap.takeOver(take);
      if (winner && loser) put(tables, { ...loser });
      return winner;
    };
    return { ...services, store: { ...store, overlap: { ...store.overlap, takeOver } } };
  },

  "occurrences do not look at their room": (services) => {
    const { store } = services;
    const listOthers = () => Promise.resolve([]);
    return { ...services, store: { ...store, overlap: { ...store.overlap, listOthers } } };
  },
};

/** The windows of a fold end at the first pass. */
class ShortFolds extends Zone {
  override at(wall: number): LocalTime {
    const local = super.at(wall);
    return local.kind === "twice" ? { ...local, later: local.first } : local;
  }
}

const withShortFolds = (zones: Zones): Zones => ({
  ...zones,
  zoneOf: (name) => new ShortFolds((at) => zones.zoneOf(name).spanAt(at)),
});

const revisionOf = (token: string | null) => ({ revision: Number(token?.split(" ").at(-1) ?? 0) });
