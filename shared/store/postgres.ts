/**
 * PostgreSQL through `pg`: it sends parse, bind and execute in one flight and names no prepared
 * statement, so a statement is one round trip, also behind PgBouncer in transaction mode.
 * (`postgres` loads 20 ms faster but asks for the parameters' types first: a second round trip.)
 */
import pg from "pg";
import type { Database, Query } from "./database.js";

/** An SCF or Lambda instance serves one event at a time; the timers want a few at once. */
const CONNECTIONS_MAX = 4;

/** Idle instances are frozen, not told: a connection must not outlive the work by long. */
const IDLE_TIMEOUT_MS = 10_000;

const CONNECT_TIMEOUT_MS = 5_000;

/** Ours are statements of milliseconds: one that hangs means a lost connection. */
const QUERY_TIMEOUT_MS = 10_000;

export function openPostgres(
  connectionString: string,
  { connectionsMax = CONNECTIONS_MAX, queryTimeoutMs = QUERY_TIMEOUT_MS } = {},
): Database {
  const pool = new pg.Pool({
    connectionString,
    max: connectionsMax,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would
  // end the process.
  pool.on("error", ignore);
  return {
    query: queryOn(pool),
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  };
}

/** For migrations: one connection, whose statements may take as long as they take. */
export const openToMigrate = (connectionString: string): Database =>
  openPostgres(connectionString, { connectionsMax: 1, queryTimeoutMs: 0 });

const queryOn =
  (client: pg.Pool | pg.PoolClient): Query =>
  async (text, parameters = []) =>
    (await client.query<Record<string, unknown>>(text, [...parameters])).rows;

/** The query that is under way fails with the same error, and says so to whoever asked. */
const ignore = (): void => undefined;

async function inTransaction<T>(pool: pg.Pool, work: (query: Query) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on("error", ignore);
  const query = queryOn(client);
  let broken = false;
  try {
    await query("begin");
    const result = await work(query);
    await query("commit");
    return result;
  } catch (error) {
    await query("rollback").catch(() => (broken = true));
    throw error;
  } finally {
    client.off("error", ignore);
    client.release(broken);
  }
}
