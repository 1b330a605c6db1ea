/** The real store, its statements carried one by one like the model's. */
import type { Database, Query } from "../../../shared/store/engine/database.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import type { Carry } from "./statements.js";

/** Stands for the database's own time, which is read when the statement is there and not before. */
class DatabaseNow extends Date {}

export interface SqlOptions {
  database: Database;
  carry: Carry;
  databaseNowMs: () => number;
  elapsedMs: () => number;
}

/** The statement after the first of an operation: beginStart has one. */
const SECOND_STATEMENT = "findConflict";

export function createSqlStore({ database, carry, databaseNowMs, elapsedMs }: SqlOptions): Store {
  let operation: string | undefined;

  const query: Query = (text, parameters = []) =>
    carry(operation ?? SECOND_STATEMENT, () =>
      database.query(
        text,
        parameters.map((value) =>
          value instanceof DatabaseNow ? new Date(databaseNowMs()) : value,
        ),
      ),
    );

  /** Its statements see and change what one would: it arrives as one, and is cut short as one. */
  const transaction: Database["transaction"] = (work) =>
    carry(operation ?? SECOND_STATEMENT, () => database.transaction(work));

  const store = createStore(
    { ...database, query, transaction, ready: () => Promise.resolve() },
    { clock: { now: () => new DatabaseNow(0), elapsedMs }, isDatabaseOnClock: true },
  );

  /** An operation sends its first statement before it returns: until then, this is its name. */
  const named = <T extends object>(operations: T): T =>
    new Proxy(operations, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...parameters: unknown[]): unknown => {
          operation = String(name);
          try {
            return Reflect.apply(value, target, parameters);
          } finally {
            operation = undefined;
          }
        };
      },
    });
  return named({ ...store, outbox: named(store.outbox) });
}
