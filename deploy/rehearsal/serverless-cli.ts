/** The real CLI with the real plugins, in a process that reaches only the cloud on this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../../shared/config/environment.js";

export interface CliRun {
  code: number | null;
  output: string;
}

export type RunCli = (args: readonly string[], env?: Environment) => Promise<CliRun>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** `env` is its whole environment, besides the variables that a process needs to run. */
export const makeCli =
  (env: Environment): RunCli =>
  async (args, more = {}) => {
    const require = createRequire(import.meta.url);
    const bin = join(dirname(require.resolve("serverless/package.json")), "bin", "serverless.js");
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: ROOT,
      env: { ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output: output.join("") };
  };
