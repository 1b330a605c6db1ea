/**
 * The connections of one process. A machine that dies closes none of them: each goes silent, and its
 * next statement waits for its whole time limit. So after one silence no connection of before is used.
 */
import pg from "pg";
import { ignoreFailure } from "../../ignore.js";
import type { Unsent } from "./unavailable.js";

export interface Connections {
  /** Fails with `Unsent` where no connection could be opened. */
  take: () => Promise<pg.PoolClient>;
  /** Gives it back. After any error it is closed: a statement may still run on it. */
  giveBack: (client: pg.PoolClient, error?: unknown) => void;
  close: () => Promise<void>;
}

/** The statement was not answered within `query_timeout`. `pg` gives this error no code. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && error.message === "Query read timeout";

export function openConnections(config: pg.PoolConfig): Connections {
  const pool = new pg.Pool(config);
  // A broken idle connection is replaced at the next query, and a running query reports the same
  // error to its caller. Without a listener, the error would end the process.
  pool.on("error", ignoreFailure);
  let silences = 0;
  const openedAfter = new WeakMap<pg.PoolClient, number>();
  pool.on("connect", (client) => openedAfter.set(client, silences));

  async function take(): Promise<pg.PoolClient> {
    if (pool.idleCount > 0) await catchUp();
    const client = await pool.connect().catch((error: unknown) => throwUnsent(error, pool.ending));
    if (openedAfter.get(client) === silences) {
      client.on("error", ignoreFailure);
      return client;
    }
    client.release(true);
    return take();
  }

  return {
    take,
    giveBack(client, error) {
      if (isSilence(error)) silences += 1;
      client.off("error", ignoreFailure);
      client.release(error !== undefined);
    },
    close: () => pool.end(),
  };
}

/** Nothing has left yet, so the statement was certainly not carried out. */
function throwUnsent(error: unknown, isClosed: boolean): never {
  throw Object.assign(error as Error, { isUnsent: true, isClosed } satisfies Unsent);
}

/**
 * A frozen instance wakes up with the next request. It does not know yet which idle connections
 * were closed meanwhile, or were idle for too long. After two turns of the event loop all sockets
 * and timers have reported, and the pool has dropped those connections.
 */
async function catchUp(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}
