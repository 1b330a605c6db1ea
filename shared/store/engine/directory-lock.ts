/**
 * Locks a data directory for one process. PGlite takes no lock itself, and two processes on one
 * directory would overwrite each other's pages.
 */
import { link, readFile, rm, writeFile } from "node:fs/promises";

/** The locks of this process. Any other file with our process id is left over from an old process. */
const held = new Set<string>();

/** Returns a function that releases the lock. Throws when a running process holds it. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = `${directory}.lock`;
  await take(path, directory);
  held.add(path);
  return async () => {
    held.delete(path);
    await rm(path, { force: true });
  };
}

/** The file is written first and then linked, so a lock always names its holder. */
async function take(path: string, directory: string): Promise<void> {
  const own = `${path}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await dropIfStale(path, directory);
    await link(own, path);
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * A killed process leaves its file behind, so a lock counts only while its process runs. In a
 * container the next process often has the same process id.
 */
async function dropIfStale(path: string, directory: string): Promise<void> {
  const holder = Number(await readFile(path, "utf8"));
  const isOurs = holder === process.pid && !held.has(path);
  if (!isOurs && isAlive(holder)) {
    throw new Error(
      `${directory} is in use by process ${holder}: stop it, or choose another DATA_DIR. (If no such program runs, delete ${path}.)`,
    );
  }
  await rm(path, { force: true });
}

export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
