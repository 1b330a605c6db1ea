/** Several instances that share one PostgreSQL, each with its own connections and store. */
import type { Clock } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import { newPostgresUrl } from "./databases.js";

export interface Instances {
  databases: Database[];
  stores: Store[];
  /** Does the work so many times at once, in each instance in turn. */
  everywhere: <T>(times: number, work: (store: Store, n: number) => Promise<T>) => Promise<T[]>;
  close: () => Promise<unknown>;
}

/** Four instances. With a clock, they and the database use that clock. */
export async function startInstances(clock?: Pick<Clock, "now" | "elapsedMs">): Promise<Instances> {
  const url = await newPostgresUrl();
  const databases = Array.from({ length: 4 }, () => openPostgres(url));
  const options = clock && { clock, isDatabaseOnClock: true };
  const stores = databases.map((database) => createStore(database, options));
  return {
    databases,
    stores,
    everywhere: (times, work) =>
      Promise.all(
        Array.from({ length: times }, (_, n) => work(stores[n % stores.length] as Store, n)),
      ),
    close: () => Promise.all(databases.map((database) => database.close())),
  };
}
