/**
 * One process per data directory. PGlite takes no lock itself: two processes on one directory
 * overwrite each other's pages.
 */
import { readFile, rm, writeFile } from "node:fs/promises";

/** Returns the way to give the lock back; throws when a living process holds it. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = `${directory}.lock`;
  await take(path, directory);
  return () => rm(path, { force: true });
}

async function take(path: string, directory: string): Promise<void> {
  try {
    await writeFile(path, String(process.pid), { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await dropIfStale(path, directory);
    await writeFile(path, String(process.pid), { flag: "wx" });
  }
}

/** A killed process leaves its file behind: it counts only while the process lives. */
async function dropIfStale(path: string, directory: string): Promise<void> {
  const holder = Number(await readFile(path, "utf8"));
  if (Number.isInteger(holder) && holder > 0 && isAlive(holder)) {
    throw new Error(
      `${directory} is in use by process ${holder}: stop it, or choose another DATA_DIR. (If no such program runs, delete ${path}.)`,
    );
  }
  await rm(path, { force: true });
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
