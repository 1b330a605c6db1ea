/**
 * One process per data directory. PGlite takes no lock itself: two processes on one directory
 * overwrite each other's pages.
 */
import { link, readFile, rm, writeFile } from "node:fs/promises";

/** The locks of this process: a file that names our number and is none of these was left behind. */
const held = new Set<string>();

/** Returns the way to give the lock back; throws when a living process holds it. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = `${directory}.lock`;
  await take(path, directory);
  held.add(path);
  return async () => {
    held.delete(path);
    await rm(path, { force: true });
  };
}

/** Written whole and then linked: a lock that is there always names its holder. */
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
 * A killed process leaves its file behind: it counts only while the process lives. In a container
 * the next process often has the same number.
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
