/**
 * PGlite: PostgreSQL inside the process, for one machine without a server, in memory or in a
 * directory. It has one connection, so it proves nothing about concurrency. Only the local runtime
 * and tests import this file, so no deployed function contains it.
 */
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import type { Database, Query } from "./database.js";
import { lockDirectory } from "./directory-lock.js";
import { migrate } from "../schema/migrate.js";
import { MIGRATIONS } from "../schema/migrations.js";
import type { Unsent } from "./unavailable.js";

export interface PgliteOptions {
  /** The directory of the rows; absent: in memory. */
  directory?: string | undefined;
  /** The directory of the migrated snapshot: creating a database takes 3 s, opening one under 1 s. */
  snapshotDirectory: string;
}

export async function openPglite({
  directory,
  snapshotDirectory,
}: PgliteOptions): Promise<Database> {
  if (directory === undefined) {
    return databaseOf(await PGlite.create({ loadDataDir: await snapshot(snapshotDirectory) }));
  }
  await mkdir(dirname(directory), { recursive: true });
  const unlock = await lockDirectory(directory);
  try {
    if (!(await exists(directory))) await createFrom(await snapshot(snapshotDirectory), directory);
    // PGlite's files are everyone's to read and to write, and rows hold addresses with tokens.
    await chmod(directory, OWN);
    const database = databaseOf(await PGlite.create({ dataDir: directory }), unlock);
    await migrate(database);
    return database;
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** For its user alone. */
const OWN = 0o700;

function databaseOf(
  pglite: PGlite,
  unlock: () => Promise<void> = () => Promise.resolve(),
): Database {
  const queryOn =
    (target: Pick<PGlite, "query">): Query =>
    async (text, parameters = []) =>
      (await target.query<Record<string, unknown>>(text, [...parameters])).rows;
  const queryAlone = queryOn(pglite);
  let isClosing = false;
  let last: Promise<unknown> = Promise.resolve();
  // PGlite carries out all that waits before it closes. What waits here is refused then.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(() => {
      if (isClosing) throw closedError();
      return work();
    });
    last = turn.then(breathe, breathe);
    return turn;
  };
  return {
    query: (text, parameters) => inTurn(() => queryAlone(text, parameters)),
    transaction: (work) =>
      inTurn(() => pglite.transaction((transaction) => work(queryOn(transaction)))),
    async close() {
      isClosing = true;
      await last;
      await pglite.close();
      await unlock();
    },
  };
}

/** PGlite works in this thread. Between two statements, signals and requests have their turn. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));

const closedError = (): Error =>
  Object.assign(new Error("Database is closed"), {
    isUnsent: true,
    isClosed: true,
  } satisfies Unsent);

/** Created beside its place and renamed, so that a killed process leaves no partial database. */
async function createFrom(image: Blob, directory: string): Promise<void> {
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: OWN });
  const pglite = await PGlite.create({ dataDir: partial, loadDataDir: image });
  await pglite.close();
  await rename(partial, directory);
}

/** An empty, migrated database as a tar file; its name changes with the migrations. */
async function snapshot(snapshotDirectory: string): Promise<Blob> {
  const digest = createHash("sha256").update(JSON.stringify(MIGRATIONS)).digest("hex").slice(0, 12);
  const path = join(snapshotDirectory, `pglite-${digest}.tar.gz`);
  const kept = await readFile(path).catch(() => undefined);
  if (kept) return new Blob([new Uint8Array(kept)]);
  const image = await makeSnapshot();
  await mkdir(snapshotDirectory, { recursive: true });
  // Two first runs at the same time write files of their own; each rename is atomic.
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, Buffer.from(await image.arrayBuffer()));
  await rename(partial, path);
  return image;
}

async function makeSnapshot(): Promise<Blob> {
  const pglite = await PGlite.create();
  await migrate(databaseOf(pglite));
  const image = await pglite.dumpDataDir("gzip");
  await pglite.close();
  return image;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
