/**
 * Runs a function as SCF does: from its zip, in a bare Node.js process, with SCF's variables and
 * context. It can load only the content of its zip.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { SECOND_MS } from "../../shared/clock.js";

export interface BareFunction {
  name: string;
  /** Such as `start-ingest.handler`. */
  handler: string;
  zip: Uint8Array;
  /** Its own variables, as deployed. */
  variables: Readonly<Record<string, string>>;
  region: string;
  timeoutSeconds: number;
  memoryMegabytes: number;
  /** The Node.js that runs it. Default: this process's own. */
  nodePath?: string;
  /** Temporary keys of the execution role. Absent without a role. */
  role?: { secretId: string; secretKey: string; token: string } | undefined;
}

export interface BareRun {
  /** The handler's result as JSON. `undefined` when it threw or ran out of time. */
  answer: string | undefined;
  /** Its output and its errors. */
  log: string;
  /** Its largest memory use, in bytes. */
  rssBytes: number;
}

/**
 * Runs in the bare process. It takes the event from standard input and returns the outcome on
 * descriptor 3.
 */
const BOOTSTRAP = fileURLToPath(new URL("bootstrap.cjs", import.meta.url));

export async function runBare(target: BareFunction, event: unknown): Promise<BareRun> {
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-function-"));
  try {
    for (const [file, bytes] of Object.entries(unzipSync(target.zip))) {
      await writeFile(join(folder, file), bytes);
    }
    return await runIn(folder, target, event);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, target: BareFunction, event: unknown): Promise<BareRun> {
  const [file = "", method = ""] = target.handler.split(".");
  const child = spawn(target.nodePath ?? process.execPath, [BOOTSTRAP], {
    cwd: folder,
    env: environmentOf(folder, target),
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    timeout: target.timeoutSeconds * SECOND_MS,
    killSignal: "SIGKILL",
  });
  const log: string[] = [];
  const outcome: string[] = [];
  const [, stdout, stderr, result] = child.stdio;
  stdout.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  stderr.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  (result as NodeJS.ReadableStream).on("data", (chunk: Buffer) => outcome.push(chunk.toString()));
  const context = contextOf(target);
  const timeoutMs = target.timeoutSeconds * SECOND_MS;
  child.stdin.end(JSON.stringify({ file: `${file}.js`, method, event, context, timeoutMs }));
  await once(child, "close");
  const { answer, rssBytes = 0 } = JSON.parse(outcome.join("") || "{}") as Partial<BareRun>;
  return { answer, log: log.join(""), rssBytes };
}

/**
 * SCF's variables, by its page on environment variables. The temporary keys exist only with a role.
 */
function environmentOf(folder: string, { name, variables, region, role }: BareFunction) {
  return {
    ...variables,
    ...(role && {
      TENCENTCLOUD_SECRETID: role.secretId,
      TENCENTCLOUD_SECRETKEY: role.secretKey,
      TENCENTCLOUD_SESSIONTOKEN: role.token,
    }),
    TENCENTCLOUD_RUNENV: "SCF",
    TENCENTCLOUD_REGION: region,
    SCF_FUNCTIONNAME: name,
    SCF_FUNCTIONVERSION: "$LATEST",
    SCF_NAMESPACE: "default",
    USER_CODE_ROOT: folder,
    TZ: "UTC",
  };
}

const contextOf = ({ name, timeoutSeconds, memoryMegabytes, region }: BareFunction) => ({
  request_id: randomUUID(),
  function_name: name,
  function_version: "$LATEST",
  namespace: "default",
  time_limit_in_ms: timeoutSeconds * SECOND_MS,
  memory_limit_in_mb: memoryMegabytes,
  tencentcloud_region: region,
  tencentcloud_appid: "1250000000",
  tencentcloud_uin: "100000000001",
  environment: '{"SCF_NAMESPACE":"default"}',
});
