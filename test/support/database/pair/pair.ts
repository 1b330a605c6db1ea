/**
 * Two PostgreSQL with streaming replication behind one address. A failover kills the primary,
 * promotes the standby, moves the address and rebuilds the other node as the new standby.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "../../../../shared/clock.js";
import { openToMigrate } from "../../../../shared/store/engine/postgres.js";
import { migrate } from "../../../../shared/store/schema/migrate.js";
import { openAddress } from "./address.js";
import { makeNode, type PairNode } from "./node.js";

export type Replication = "synchronous" | "asynchronous";

export interface Failover {
  killedAt: Date;
  /** When the new primary had carried out a write, through the address. */
  writesAt: Date;
}

export interface DatabasePair {
  /** Migrated, through the address. */
  url: string;
  primary: () => PairNode;
  standby: () => PairNode;
  /**
   * `detectMs`: how long no manager notices. `isEarly`: the address moves before the standby is
   * promoted, as a name that is looked up too soon.
   */
  failOver: (how: { detectMs: number; isEarly: boolean }) => Promise<Failover>;
  /** The other node follows the primary again, with a fresh copy. */
  rebuild: () => Promise<void>;
  close: () => Promise<void>;
}

export async function startPair(replication: Replication): Promise<DatabasePair> {
  const directory = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-pair-"));
  let primary = await makeNode(directory, "one");
  let standby = await makeNode(directory, "two");
  await primary.init();
  const address = await openAddress(primary.port);
  const rebuild = async () => {
    await standby.follow(primary);
    await untilAttached(primary, "streaming");
    if (replication === "asynchronous") return;
    await setStandbys(primary, "*");
    await untilAttached(primary, "sync");
  };
  const url = `postgres://postgres@127.0.0.1:${address.port}/postgres`;
  const database = openToMigrate(url);
  await migrate(database);
  await database.query("update schema_migration set applied_at = now()");
  await database.close();
  await primary.ask("create table failover (at timestamptz not null default clock_timestamp())");
  await rebuild();
  return {
    url,
    primary: () => primary,
    standby: () => standby,
    async failOver({ detectMs, isEarly }) {
      const killedAt = clock.now();
      await primary.kill();
      await clock.sleep(detectMs);
      [primary, standby] = [standby, primary];
      if (isEarly) address.moveTo(primary.port);
      await primary.ask("select pg_promote(true, 60)");
      await primary.ask("insert into failover default values");
      const writesAt = clock.now();
      // Connections that were opened too soon stay: their node takes writes by now.
      if (!isEarly) address.moveTo(primary.port);
      return { killedAt, writesAt };
    },
    rebuild,
    async close() {
      address.close();
      await Promise.all([primary.kill(), standby.kill()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A copy is made while this is empty: a node that has no standby yet must take writes. */
async function setStandbys(node: PairNode, names: string): Promise<void> {
  await node.ask(`alter system set synchronous_standby_names = '${names}'`);
  await node.ask("select pg_reload_conf()");
}

async function untilAttached(primary: PairNode, state: "streaming" | "sync"): Promise<void> {
  const asked = "select 1 from pg_stat_replication where state = 'streaming'";
  const statement = state === "sync" ? `${asked} and sync_state = 'sync'` : asked;
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if ((await primary.ask(statement)).length > 0) return;
    await clock.sleep(100);
  }
  throw new Error(`The standby is not ${state} after 30 s`);
}
