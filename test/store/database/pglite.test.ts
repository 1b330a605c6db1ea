/**
 * The embedded database on disk: it keeps its rows, one process at a time may open it, and it leaves
 * that process its other work.
 */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openPglite } from "../../../shared/store/engine/pglite.js";
import { createStore } from "../../../shared/store/store.js";
import { openTestPglite, SNAPSHOTS } from "../../support/database/databases.js";
import { newIngest } from "../../support/app/ingests.js";

describe("an embedded database in a directory", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "pglite-test-"));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const open = (name: string) =>
    openPglite({ directory: join(root, name), snapshotDirectory: SNAPSHOTS });

  test("keeps its rows from one run to the next", async () => {
    const ingest = newIngest();
    const first = await open("kept");
    await createStore(first).ingests.beginStart(ingest);
    await first.close();
    const second = await open("kept");
    expect(await createStore(second).ingests.read(ingest.taskId)).toMatchObject({ roomId: "room" });
    await second.close();
  });

  test("is its user's alone, also one that an older version left to everyone", async () => {
    const modeOf = async () => ((await stat(join(root, "private"))).mode & 0o777).toString(8);
    await (await open("private")).close();
    expect(await modeOf()).toBe("700");
    await chmod(join(root, "private"), 0o755);
    await (await open("private")).close();
    expect(await modeOf()).toBe("700");
  });

  test("refuses a second process while the first runs, and names that process", async () => {
    const first = await open("shared");
    await expect(open("shared")).rejects.toThrow(`in use by process ${process.pid}`);
    await first.close();
    const again = await open("shared");
    expect(await again.query("select count(*)::int as n from ingest")).toEqual([{ n: 0 }]);
    await again.close();
  });

  test("takes over from a process that was killed", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    await writeFile(join(root, "killed.lock"), String(dead));
    const database = await open("killed");
    await database.close();
    expect(await readdir(root)).not.toContain("killed.lock");
  });

  test("takes over from a killed process that had the same number, as in a container", async () => {
    await writeFile(join(root, "container.lock"), String(process.pid));
    const database = await open("container");
    expect(await readFile(join(root, "container.lock"), "utf8")).toBe(String(process.pid));
    expect(await database.query("select count(*)::int as n from ingest")).toEqual([{ n: 0 }]);
    await database.close();
    expect(await readdir(root)).not.toContain("container.lock");
  });

  test("is created again when its first opening was interrupted", async () => {
    await writeFile(join(root, "half.partial"), "half a database");
    const database = await open("half");
    expect(await database.query("select count(*)::int as n from ingest")).toEqual([{ n: 0 }]);
    await database.close();
  });
});

test("a queue of statements leaves the process its signals, timers and requests", async () => {
  const database = await openTestPglite();
  let turns = 0;
  const counting = new AbortController();
  const turning = (async () => {
    while (!counting.signal.aborted) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await Promise.all(Array.from({ length: 50 }, () => database.query("select 1 as one")));
  counting.abort();
  await turning;
  await database.close();
  expect(turns).toBeGreaterThan(25);
});
