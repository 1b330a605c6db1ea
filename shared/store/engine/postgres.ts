/**
 * PostgreSQL through `pg`. It sends parse, bind and execute together, so a statement costs one round
 * trip, also behind PgBouncer in transaction mode. (The package `postgres` loads 20 ms faster, but
 * it needs a second round trip for parameter types.)
 */
import type pg from "pg";
import type { DatabaseAddress } from "../../config/database/address.js";
import { type Connections, isSilence, openConnections } from "./connections.js";
import type { Database, Query, Row } from "./database.js";
import { isPlanLost, isWithoutNames, nameOf, pinsNames } from "./kept-plans.js";
import { ignoreFailure } from "../../ignore.js";
import { connectionOptions } from "./postgres-connection.js";

const LIMITS = {
  /** An SCF or Lambda instance serves one event at a time; the timers use a few connections at once. */
  connectionsMax: 4,
  /** The platform freezes idle instances without notice, so idle connections close soon. */
  idleTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  /** Our statements take milliseconds; a statement that hangs means a lost connection. */
  queryTimeoutMs: 10_000,
  /** An instance that is frozen within a transaction keeps its locks, and the timers skip locked rows. */
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
  const connections = openConnections({
    ...connectionOptions(address),
    max: connectionsMax,
    idleTimeoutMillis: idleTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  let hasNames = !pinsNames(address);

  /** A connection that has lost the plan did not begin the statement, and is not used again. */
  async function runKept(text: string, parameters?: readonly unknown[]): Promise<Row[]> {
    try {
      return await onConnection(connections, (query) => query(text, parameters), nameOf(text));
    } catch (error) {
      if (!isPlanLost(error)) throw error;
      if (isWithoutNames(error)) hasNames = false;
      return onConnection(connections, (query) => query(text, parameters));
    }
  }

  return {
    query: (text, parameters, planning) =>
      planning === "kept" && hasNames
        ? runKept(text, parameters)
        : onConnection(connections, (query) => query(text, parameters)),
    transaction: (work) =>
      onConnection(connections, (query) => inTransaction(query, { begin, work })),
    close: connections.close,
  };
}

/** For migrations: one connection, whose statements have no time limit. */
export const openToMigrate = (address: string | DatabaseAddress): Database =>
  openPostgres(address, {
    connectionsMax: 1,
    queryTimeoutMs: 0,
    idleInTransactionMs: 0,
  });

/**
 * A connection is not used again after a failure. A statement may still run on it, or its server
 * may have become a replica. No statement is sent a second time from here, because the server may
 * have carried out the first one.
 */
async function onConnection<T>(
  connections: Connections,
  work: (query: Query) => Promise<T>,
  name?: string,
): Promise<T> {
  const client = await connections.take();
  try {
    const result = await work(queryOn(client, name));
    connections.giveBack(client);
    return result;
  } catch (error) {
    connections.giveBack(client, error);
    throw error;
  }
}

const queryOn =
  (client: pg.PoolClient, name?: string): Query =>
  async (text, parameters = []) => {
    const sent = { text, values: [...parameters], ...(name !== undefined && { name }) };
    return (await client.query<Record<string, unknown>>(sent)).rows;
  };

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
    // On a lost connection this fails as well, and the server rolls back by itself. A silent one
    // would take its time limit once more.
    if (!isSilence(error)) await query("rollback").catch(ignoreFailure);
    throw error;
  }
}
