/** Instances that die between two statements, and instances whose statements take turns. */
import type { Database, Query } from "../../../shared/store/engine/database.js";
import type { Services } from "../../../shared/ingest/services.js";
import { createStore } from "../../../shared/store/store.js";
import { countedBy, type ManualClock } from "../../support/app/manual-clock.js";

/** `enter` comes before each statement, and `leave` after it and after each commit. */
interface Steps {
  enter: () => void | Promise<void>;
  leave: (what: "statement" | "commit") => void;
}

function steppedBy({ enter, leave }: Steps, database: Database): Database {
  const stepped =
    (query: Query): Query =>
    async (text, parameters) => {
      await enter();
      try {
        return await query(text, parameters);
      } finally {
        leave("statement");
      }
    };
  return {
    ...database,
    query: stepped(database.query),
    async transaction(work) {
      const result = await database.transaction((query) => work(stepped(query)));
      leave("commit");
      return result;
    },
  };
}

function servicesOn(services: Services, clock: ManualClock, database: Database): Services {
  const store = createStore(database, { clock, isDatabaseOnClock: true });
  return { ...services, store: countedBy(clock, store) };
}

/** It carries out some statements and calls. It may die before the answer of a commit. */
export function dyingInstance(
  services: Services,
  { clock, database, after }: { clock: ManualClock; database: Database; after: number },
): { services: Services; isDead: () => boolean } {
  let left = after;
  const step = () => {
    left -= 1;
    if (left < 0) throw new Error("the instance is dead");
  };
  const steps: Steps = {
    enter: step,
    leave: (what) => {
      if (what === "commit") step();
    },
  };
  const { trtc } = services;
  const call: typeof trtc.call = async (...parameters) => {
    step();
    return trtc.call(...parameters);
  };
  const instance = servicesOn(services, clock, steppedBy(steps, database));
  return { services: { ...instance, trtc: { ...trtc, call } }, isDead: () => left < 0 };
}

/** Turns of the event loop without a new statement. Then each instance waits, or has ended. */
const QUIET_TURNS = 8;

interface Waiting {
  instance: number;
  go: () => void;
}

/**
 * Two instances at once. Before each statement an instance waits for its turn. A turn is over when
 * the statement is answered, or waits for a lock of the other instance.
 */
export async function together(
  services: Services,
  {
    clock,
    database,
    turns,
    works,
  }: {
    clock: ManualClock;
    database: Database;
    turns: readonly boolean[];
    works: readonly ((services: Services) => Promise<unknown>)[];
  },
): Promise<void> {
  const waiting: Waiting[] = [];
  let underWay = 0;
  let open = works.length;
  const runs = works.map((work, instance) => {
    const steps: Steps = {
      enter: () =>
        new Promise((resolve) => {
          const go = () => {
            underWay += 1;
            resolve();
          };
          waiting.push({ instance, go });
        }),
      leave: (what) => {
        if (what === "statement") underWay -= 1;
      },
    };
    const own = servicesOn(services, clock, steppedBy(steps, database));
    return work(own).finally(() => (open -= 1));
  });
  const ended = Promise.allSettled(runs);
  for (let turn = 0; open > 0;) {
    await untilStill(
      database,
      () => `${underWay} ${open} ${waiting.length}`,
      () => underWay,
    );
    const isSecond = turns[turn % turns.length] === true;
    const next = waiting.find(({ instance }) => (instance === 1) === isSecond) ?? waiting[0];
    if (!next) continue;
    turn += 1;
    waiting.splice(waiting.indexOf(next), 1);
    next.go();
  }
  const failed = (await ended).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

async function untilStill(
  { query }: Database,
  state: () => string,
  underWay: () => number,
): Promise<void> {
  let before = state();
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    await new Promise(setImmediate);
    if (state() !== before) quiet = 0;
    before = state();
    if (underWay() === 0) continue;
    const [row] = await query("select exists (select from pg_locks where not granted) as blocked");
    if (row?.["blocked"] !== true) quiet = 0;
  }
}
