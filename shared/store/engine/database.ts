/**
 * What the store needs of a database, and no more: PostgreSQL (postgres.ts) and PGlite
 * (pglite.ts) both give it. Statements take `$1` parameters and never rely on a session: behind a
 * transaction pooler two statements in a row may run on two connections.
 */
export type Row = Readonly<Record<string, unknown>>;

export type Query = (text: string, parameters?: readonly unknown[]) => Promise<Row[]>;

export interface Database {
  query: Query;
  /** All of `work`'s statements on one connection, in one transaction. */
  transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
  /** What the first statement would wait for: asked for ahead, it goes along with other work. */
  ready?: () => Promise<void>;
  close: () => Promise<void>;
}
