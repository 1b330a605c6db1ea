/**
 * What the store needs of a database: PostgreSQL (postgres.ts) and PGlite (pglite.ts) provide it.
 * Statements carry numbered parameters (sql.ts). They never rely on a session, because a
 * transaction pooler may run two statements in a row on two connections.
 */
export type Row = Readonly<Record<string, unknown>>;

/** `kept`: its connection keeps the plan, where it can (kept-plans.ts). */
export type Planning = "kept";

export type Query = (
  text: string,
  parameters?: readonly unknown[],
  planning?: Planning,
) => Promise<Row[]>;

export interface Database {
  query: Query;
  /** Runs all statements of `work` on one connection, in one transaction. */
  transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
  /** Does early what the first statement would wait for, while other work goes on. */
  ready?: () => Promise<void>;
  close: () => Promise<void>;
}
