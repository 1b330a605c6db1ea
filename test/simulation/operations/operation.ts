/** A drawn store operation. The model and the SQL both run it. */
import fc from "../../support/properties.js";
import type { Store } from "../../../shared/store/store.js";

export type Operation = (store: Store, at: Date) => Promise<unknown>;

export const SDK_APP_ID = 1_600_000_000;
export const IDS = ["ing-a", "ing-b", "ing-c", "ing-d"];

/** Few of each, so that operations meet. */
export const taskId = fc.constantFrom(...IDS);

export const fence = fc.integer({ min: 0, max: 3 });

export const sequence = fc.constantFrom(0, 7, Number.MAX_SAFE_INTEGER);

export const soonMs = fc.integer({ min: -3000, max: 8000 });

export const operation = <T extends Record<string, unknown>>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  run: (store: Store, drawn: T, at: Date) => Promise<unknown>,
): fc.Arbitrary<Operation> =>
  fc.record(fields).map((drawn): Operation =>
    Object.assign((store: Store, at: Date) => run(store, drawn as T, at), {
      [fc.toStringMethod]: () => `${run.toString()} of ${JSON.stringify(drawn)}`,
    }),
  );
