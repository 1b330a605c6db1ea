/** The real store; its statements are delivered one by one, as the model's are. */
import type { Database, Query } from "../../../shared/store/engine/database.js";
import type { Actor } from "../../../shared/store/history/actor.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import type { Carry } from "./statements.js";

/** A placeholder for the database's time, which is read when the statement arrives. */
class DatabaseNow extends Date {}

export interface SqlOptions {
  database: Database;
  carry: Carry;
  databaseNowMs: () => number;
  elapsedMs: () => number;
}

/** The name of further statements of an operation: beginStart sends one. */
const SECOND_STATEMENT = "ingests.findConflict";

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

  /** A transaction counts as one statement: it arrives as a whole and fails as a whole. */
  const transaction: Database["transaction"] = (work) =>
    carry(operation ?? SECOND_STATEMENT, () => database.transaction(work));

  const store = createStore(
    { ...database, query, transaction, ready: () => Promise.resolve() },
    { clock: { now: () => new DatabaseNow(0), elapsedMs }, isDatabaseOnClock: true },
  );

  /** An operation sends its first statement before it returns, so its name is set until then. */
  const named = <T extends object>(operations: T, group = ""): T =>
    new Proxy(operations, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value === "object" && value !== null) return named(value, `${String(name)}.`);
        if (typeof value !== "function") return value;
        if (name === "by") return (actor: Actor) => named((value as Store["by"])(actor));
        return (...parameters: unknown[]): unknown => {
          operation = `${group}${String(name)}`;
          try {
            return Reflect.apply(value, target, parameters);
          } finally {
            operation = undefined;
          }
        };
      },
    });
  return named(store);
}
