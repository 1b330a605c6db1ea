/**
 * Runs the rehearsal in a network with loopback only. Then neither the CLI, its plugins nor our
 * code can send anything out. If the machine does not allow this, the output says so.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";

export type Network = "cut" | "open";

/** Set for the inner process, so that it does not isolate itself again. */
const INSIDE = "--network-is-cut";

/** Root needs no user namespace. Other users get the rights inside a namespace of their own. */
const UNSHARE =
  process.getuid?.() === 0 ? ["--net"] : ["--user", "--map-current-user", "--keep-caps", "--net"];

/** In a new namespace loopback is down. One of these commands brings it up. */
const LOOPBACK_UP = "(ip link set lo up || ifconfig lo up) 2>/dev/null";

/**
 * The outer process runs the same command inside and ends with its exit code. In the inner process
 * the function returns and reports the network.
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
