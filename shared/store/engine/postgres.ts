/**
 * PostgreSQL through `pg`: it sends parse, bind and execute in one flight and names no prepared
 * statement, so a statement is one round trip, also behind PgBouncer in transaction mode.
 * (`postgres` loads 20 ms faster but asks for the parameters' types first: a second round trip.)
 */
import pg from "pg";
import type { DatabaseAddress } from "../../config/database-address.js";
import type { Database, Query } from "./database.js";
import { connectionOptions } from "./postgres-connection.js";

const LIMITS = {
  /** An SCF or Lambda instance serves one event at a time; the timers want a few at once. */
  connectionsMax: 4,
  /** Idle instances are frozen, not told: a connection must not outlive the work by long. */
  idleTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  /** Ours are statements of milliseconds: one that hangs means a lost connection. */
  queryTimeoutMs: 10_000,
  /** Whoever is frozen within a transaction would keep its locks, and the timers skip locked rows. */
  idleInTransactionMs: 3_000,
};

export function openPostgres(
  address: string | DatabaseAddress,
  limits: Partial<typeof LIMITS> = {},
): Database {
  const { connectionsMax, idleTimeoutMs, connectTimeoutMs, queryTimeoutMs, idleInTransactionMs } = {
    ...LIMITS,
    ...limits,
  };
  // For this transaction only, so that it goes through a transaction pooler.
  const begin = `begin; set local statement_timeout = ${queryTimeoutMs};
    set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`;
  const pool = new pg.Pool({
    ...connectionOptions(address),
    max: connectionsMax,
    idleTimeoutMillis: idleTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would
  // end the process.
  pool.on("error", ignore);
  return {
    query: (text, parameters) => onConnection(pool, (query) => query(text, parameters)),
    transaction: (work) => onConnection(pool, (query) => inTransaction(query, { begin, work })),
    close: () => pool.end(),
  };
}

/** For migrations: one connection, whose statements may take as long as they take. */
export const openToMigrate = (address: string | DatabaseAddress): Database =>
  openPostgres(address, {
    ...{ connectionsMax: 1, queryTimeoutMs: 0, idleInTransactionMs: 0 },
  });

/**
 * A connection on which anything failed is not used again: a statement may still be under way on
 * it, or its server may have become a replica. Nothing is sent a second time from here, since what
 * was sent once may have been carried out.
 */
async function onConnection<T>(pool: pg.Pool, work: (query: Query) => Promise<T>): Promise<T> {
  if (pool.idleCount > 0) await catchUp();
  const client = await pool.connect();
  client.on("error", ignore);
  let isSound = false;
  try {
    const result = await work(queryOn(client));
    isSound = true;
    return result;
  } finally {
    client.off("error", ignore);
    client.release(!isSound);
  }
}

/**
 * An instance that was frozen wakes up with the next request, and does not know yet that its
 * idle connections were closed meanwhile, or have been idle for too long. Both are known, and they
 * are gone from the pool, after two turns of the event loop: all sockets and timers had theirs.
 */
async function catchUp(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

const queryOn =
  (client: pg.PoolClient): Query =>
  async (text, parameters = []) =>
    (await client.query<Record<string, unknown>>(text, [...parameters])).rows;

/** The query that is under way fails with the same error, and says so to whoever asked. */
const ignore = (): void => undefined;

async function inTransaction<T>(
  query: Query,
  { begin, work }: { begin: string; work: (query: Query) => Promise<T> },
): Promise<T> {
  try {
    await query(begin);
    const result = await work(query);
    await query("commit");
    return result;
  } catch (error) {
    // On a connection that is gone this fails as well, and the server does it by itself.
    await query("rollback").catch(ignore);
    throw error;
  }
}
