/** Migrating a PostgreSQL in use: completely or not at all, and without blocking it for long. */
import { once } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Database, Query } from "../../shared/store/engine/database.js";
import { migrate, planMigration } from "../../shared/store/schema/migrate.js";
import { type Migration, MIGRATIONS } from "../../shared/store/schema/migrations.js";
import { openPostgres, openToMigrate } from "../../shared/store/engine/postgres.js";
import { createStore } from "../../shared/store/store.js";
import { CODE_VERSION, readVersion } from "../../shared/store/schema/version.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { runningIngest } from "../support/app/ingests.js";
import { NEXT, NEXT_WITHOUT_US, upTo } from "../support/database/migrations.js";
import { runCli } from "../support/cli.js";
import { runScript, spawnScript } from "../support/app/process.js";

const SCRIPT = "cli/trtc-ingest.ts";
const EMPTY = { template: "template0" };

/** The output of a run that applied all migrations. */
const ALL_APPLIED = MIGRATIONS.map(({ version, name }) => `applied ${version} ${name}\n`).join("");

async function tablesOf(database: Database): Promise<unknown[]> {
  const rows = await database.query(
    "select relname from pg_class where relnamespace = 'public'::regnamespace order by relname",
  );
  return rows.map((row) => row["relname"]);
}

/** Runs `work` while another transaction holds the locks of `statement`. */
async function whileHeld<T>(url: string, statement: string, work: () => Promise<T>): Promise<T> {
  const other = openToMigrate(url);
  let result: T | undefined;
  const undone = new Error("undone");
  await other
    .transaction(async (query) => {
      await query(statement);
      result = await work();
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  await other.close();
  return result as T;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const giveUpMs = clock.elapsedMs() + 15 * SECOND_MS;
  while (!(await isSo())) {
    if (clock.elapsedMs() > giveUpMs) throw new Error("it did not come about");
    await clock.sleep(20);
  }
}

/** Waits until another session of this database waits for a lock. */
const somebodyWaits = async (query: Query): Promise<boolean> => {
  const rows = await query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows.length > 0;
};

describe("migrating", () => {
  test("instances that start at once apply each migration once", async () => {
    const url = await newPostgresUrl(EMPTY);
    const databases = Array.from({ length: 4 }, () => openPostgres(url));
    const applied = await Promise.all(databases.map((database) => migrate(database)));
    expect(applied.flat()).toEqual([...MIGRATIONS]);
    expect(await migrate(databases[0] as Database)).toEqual([]);
    await Promise.all(databases.map((database) => database.close()));
  });

  test("a failed migration leaves no change, also none of the migrations before it", async () => {
    const database = openPostgres(await newPostgresUrl(EMPTY));
    const broken = { ...NEXT, sql: "create table half (a int);\nselect nonsense;" };
    await expect(migrate(database, { migrations: upTo(broken) })).rejects.toThrow(/nonsense/);
    expect(await tablesOf(database)).toEqual([]);
    expect(await migrate(database)).toHaveLength(MIGRATIONS.length);
    await database.close();
  });

  test("a ledger without compatible versions is completed once", async () => {
    const database = openPostgres(await newPostgresUrl());
    await database.query("alter table schema_migration drop column works_with");
    expect(await migrate(database)).toEqual([]);
    const ledger = "select version, name, works_with from schema_migration order by version";
    expect(await database.query(ledger)).toEqual(
      MIGRATIONS.map(({ version, name, worksWith }) => ({ version, name, works_with: worksWith })),
    );
    const written = "select xmin from schema_migration order by version";
    const before = await database.query(written);
    expect(await migrate(database)).toEqual([]);
    expect(await database.query(written)).toEqual(before);
    await database.close();
  });

  test("a later migration keeps the rows written before it", async () => {
    const database = openPostgres(await newPostgresUrl());
    const { taskId } = await runningIngest(createStore(database));
    expect(await migrate(database, { migrations: upTo(NEXT) })).toEqual([NEXT]);
    expect(await database.query("select task_id, note, priority from ingest")).toEqual([
      { task_id: taskId, note: null, priority: 0 },
    ]);
    await database.close();
  });

  test("migrating gives up on a locked table soon, changes nothing, and traffic goes on", async () => {
    const url = await newPostgresUrl();
    const database = openToMigrate(url);
    const other = openPostgres(url);
    const store = createStore(other);
    await whileHeld(url, "lock table ingest in access share mode", async () => {
      const migrating = migrate(database, { migrations: upTo(NEXT) });
      const outcome = expect(migrating).rejects.toThrow(
        new RegExp(
          `^Migration ${NEXT.version} \\(next\\) waited 3 s for a table .* Nothing was changed: run it again`,
        ),
      );
      await until(() => somebodyWaits(other.query));
      // It queues behind the waiting migration and runs once that has given up.
      expect(await store.ingests.list({ callerId: "caller", limit: 1 })).toEqual([]);
      await outcome;
    });
    expect(await readVersion(database.query)).toEqual({ version: CODE_VERSION, worksWith: 0 });
    expect(await migrate(database, { migrations: upTo(NEXT) })).toEqual([NEXT]);
    await Promise.all([database.close(), store.close()]);
  });

  test("a migration's statement may take longer than the database's statement_timeout", async () => {
    const url = await newPostgresUrl();
    const database = openToMigrate(url);
    const name = new URL(url).pathname.slice(1);
    await database.query(`alter database ${name} set statement_timeout = 1000`);
    await database.close();
    const slow: Migration = { ...NEXT, sql: "select pg_sleep(10.5);" };
    const again = openToMigrate(url);
    await expect(again.query("select pg_sleep(1.5)")).rejects.toThrow("statement timeout");
    expect(await migrate(again, { migrations: upTo(slow) })).toEqual([slow]);
    await again.close();
  });
});

describe("npm run migrate", () => {
  test("applies migrations once when it runs twice at the same time", async () => {
    const DATABASE_URL = await newPostgresUrl(EMPTY);
    const both = [1, 2].map(() => runCli(["migrate"], { DATABASE_URL }));
    const outputs = (await Promise.all(both)).map(({ code, output }) => {
      expect(code).toBe(0);
      return output.replace("another run is migrating: waiting for it\n", "");
    });
    expect(outputs.sort()).toEqual([ALL_APPLIED, "the database is up to date\n"]);
  });

  test("says that it waits for another run", async () => {
    const DATABASE_URL = await newPostgresUrl();
    const child = await whileHeld(
      DATABASE_URL,
      "select pg_advisory_xact_lock(7271900722)",
      async () => {
        const waiting = spawnScript(SCRIPT, { DATABASE_URL }, ["migrate"]);
        const [chunk] = (await once(waiting.stdout, "data")) as [Buffer];
        expect(chunk.toString()).toBe("another run is migrating: waiting for it\n");
        return waiting;
      },
    );
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("ends with 1 on a locked table, says what to do, and changes nothing", async () => {
    const DATABASE_URL = await newPostgresUrl(EMPTY);
    const { code, output } = await whileHeld(
      DATABASE_URL,
      "create table used_signature (held int)",
      () => runCli(["migrate"], { DATABASE_URL }),
    );
    expect([code, output]).toEqual([1, expect.stringContaining("Nothing was changed: run it")]);
    expect(output).not.toMatch(/^\s+at /m);
    const database = openPostgres(DATABASE_URL);
    expect(await tablesOf(database)).toEqual([]);
    await database.close();
  });

  test("leaves no change when it is killed halfway, and the next run applies all", async () => {
    const DATABASE_URL = await newPostgresUrl(EMPTY);
    const database = openPostgres(DATABASE_URL);
    await whileHeld(DATABASE_URL, "create table used_signature (held int)", async () => {
      const child = spawnScript(SCRIPT, { DATABASE_URL }, ["migrate"]);
      await until(() => somebodyWaits(database.query));
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    });
    await until(async () => {
      const others = await database.query(
        "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      return others.length === 0;
    });
    expect(await tablesOf(database)).toEqual([]);
    const again = await runCli(["migrate"], { DATABASE_URL });
    expect(again).toEqual({ code: 0, output: ALL_APPLIED });
    await database.close();
  });

  test("says that a newer, compatible database needs nothing", async () => {
    const DATABASE_URL = await newPostgresUrl();
    const database = openPostgres(DATABASE_URL);
    await migrate(database, { migrations: upTo(NEXT) });
    for (const flags of [[], ["--dry-run"]]) {
      expect(await runCli(["migrate", ...flags], { DATABASE_URL })).toEqual({
        code: 0,
        output: `the database is at version ${NEXT.version}, newer than this checkout's ${CODE_VERSION}, and works with it: nothing to apply\n`,
      });
    }
    await database.close();
  });

  test("ends with 1 on a newer, incompatible database, and says what to do", async () => {
    const DATABASE_URL = await newPostgresUrl();
    const database = openPostgres(DATABASE_URL);
    await migrate(database, { migrations: upTo(NEXT_WITHOUT_US) });
    const message = `The database is at version ${NEXT.version}, which needs code of version ${NEXT.version} or newer, and this code is of version ${CODE_VERSION}: deploy the functions anew from a newer checkout\n`;
    for (const flags of [[], ["--dry-run"]]) {
      expect(await runCli(["migrate", ...flags], { DATABASE_URL })).toEqual({
        code: 1,
        output: message,
      });
    }
    // A run on this machine migrates too, before it serves requests.
    const local = { DATABASE_URL, PORT: "0", TRTC_PORT: "0" };
    expect(await runScript("local/start.ts", local)).toEqual({ code: 1, output: message });
    await database.close();
  });
});

describe("npm run migrate -- --dry-run", () => {
  test("shows what would run, and creates not even a table", async () => {
    const DATABASE_URL = await newPostgresUrl(EMPTY);
    const { code, output } = await runCli(["migrate", "--dry-run"], { DATABASE_URL });
    expect(code).toBe(0);
    for (const { version, name, sql } of MIGRATIONS) {
      expect(output).toContain(`-- would apply ${version} ${name}\n${sql.trim()}\n`);
    }
    const versions = MIGRATIONS.map(({ version }) => version).join(", ");
    expect(output.endsWith(`would apply: ${versions}; nothing was changed\n`)).toBe(true);
    const database = openPostgres(DATABASE_URL);
    expect(await tablesOf(database)).toEqual([]);
    expect((await planMigration(database)).due).toEqual([...MIGRATIONS]);
    await database.close();
  });

  test("prints SQL that psql runs unchanged", async () => {
    const DATABASE_URL = await newPostgresUrl(EMPTY);
    const { output } = await runCli(["migrate", "--dry-run"], { DATABASE_URL });
    const database = openPostgres(DATABASE_URL);
    // Without parameters a query may hold several statements.
    await database.query(output);
    expect(await tablesOf(database)).toContain("ingest");
    await database.close();
  });

  test("prints nothing for a database that is up to date", async () => {
    const DATABASE_URL = await newPostgresUrl();
    const dry = await runCli(["migrate", "--dry-run"], { DATABASE_URL });
    expect(dry).toEqual({ code: 0, output: "the database is up to date\n" });
  });
});
