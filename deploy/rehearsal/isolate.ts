/**
 * Runs the rehearsal where there is no network but loopback: then nothing can leave, whatever the
 * CLI, its plugins or our own code try. Where the machine does not allow it, that is said.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";

export type Network = "cut" | "open";

/** Set on the process inside, so that it does not go in once more. */
const INSIDE = "--network-is-cut";

/** Root needs no user namespace; anybody else gets the rights for one of their own. */
const UNSHARE =
  process.getuid?.() === 0 ? ["--net"] : ["--user", "--map-current-user", "--keep-caps", "--net"];

/** A new namespace has a loopback that is down; the first of these that works brings it up. */
const LOOPBACK_UP = "(ip link set lo up || ifconfig lo up) 2>/dev/null";

/**
 * In the outer process: runs this same command inside and ends with its exit code. Returns in the
 * process that is to do the work, and says what network it has.
 */
export async function cutNetwork(): Promise<Network> {
  if (process.argv.includes(INSIDE)) return "cut";
  if (!isAllowed()) return "open";
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1), INSIDE];
  const script = `${LOOPBACK_UP} && exec "$@"`;
  const child = spawn("unshare", [...UNSHARE, "sh", "-c", script, "sh", ...command], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => child.kill(signal));
  }
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  process.exit(code ?? (signal === "SIGINT" ? 130 : 1));
}

function isAllowed(): boolean {
  try {
    execFileSync("unshare", [...UNSHARE, "sh", "-c", LOOPBACK_UP], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
