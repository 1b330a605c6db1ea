/**
 * Other versions of Node.js than the one that runs the tests. Their binaries come from the registry,
 * where the package `node` takes them from too, and stay in a cache.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/node-versions", import.meta.url));

/** The path of the newest binary of this major version. */
export async function nodeOf(major: number): Promise<string> {
  if (Number(process.versions.node.split(".")[0]) === major) return process.execPath;
  const { platform, arch } = process;
  const name = `node-${platform === "win32" ? "win" : platform}-${arch}`;
  const folder = join(CACHE, String(major));
  const binary = join(folder, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  await mkdir(folder, { recursive: true });
  const flags = ["--no-save", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"];
  await promisify(execFile)("npm", ["install", ...flags, "--prefix", folder, `${name}@${major}`]);
  return binary;
}
