/**
 * The Dockerfile's steps in empty folders: what its first stage builds runs in its second stage,
 * which has Node.js only. A registry for the base image is not needed.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { startProcess } from "../support/app/process.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, post } from "../support/app/test-app.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Step {
  stage: number;
  instruction: string;
  rest: string;
}

let steps: Step[];
let folder: string;
const stageOf = (stage: number): string => join(folder, `stage-${stage}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "image-test-"));
  const text = (await readFile(join(ROOT, "Dockerfile"), "utf8")).replace(/\\\n\s*/g, "");
  let stage = -1;
  steps = text
    .split("\n")
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => {
      const [instruction = "", ...rest] = line.split(" ");
      if (instruction === "FROM") stage += 1;
      return { stage, instruction, rest: rest.join(" ") };
    });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stepsOf = (stage: number, instruction: string): string[] =>
  steps
    .filter((step) => step.stage === stage && step.instruction === instruction)
    .map(({ rest }) => rest);

/** `COPY --from=build /app/<file> ./<folder>/` */
const copiedFiles = (): string[] =>
  stepsOf(1, "COPY").map((rest) => /^--from=build \/app\/(\S+) \.\/\S*$/.exec(rest)?.[1] ?? rest);

test("the first stage builds the server from what git has, with the locked packages", async () => {
  expect(stepsOf(0, "RUN")).toEqual(["npm ci --ignore-scripts", "npm run build:server"]);
  const source = stageOf(0);
  await mkdir(source, { recursive: true });
  const run = promisify(execFile);
  const { stdout } = await run("git", ["ls-files", "-z"], { cwd: ROOT });
  const ignored = (await readFile(join(ROOT, ".dockerignore"), "utf8"))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const isIgnored = (file: string) =>
    ignored.some((entry) => file === entry || file.startsWith(`${entry}/`));
  for (const file of stdout.split("\0").filter((file) => file !== "" && !isIgnored(file))) {
    await mkdir(dirname(join(source, file)), { recursive: true });
    await cp(join(ROOT, file), join(source, file));
  }
  const quiet = { cwd: source, env: { ...process.env, NODE_OPTIONS: "" } };
  await run("npm", ["ci", "--ignore-scripts", "--prefer-offline"], quiet);
  await run("npm", ["run", "build:server"], quiet);
}, 240_000);

test("the second stage has two files, a user without rights, and a health check", async () => {
  const image = stageOf(1);
  expect(copiedFiles()).toEqual(["serverless.yml", "dist/server/serve.mjs"]);
  for (const file of copiedFiles()) {
    await mkdir(dirname(join(image, file)), { recursive: true });
    await cp(join(stageOf(0), file), join(image, file));
  }
  expect(stepsOf(1, "USER")).toEqual(["node"]);
  expect(stepsOf(1, "STOPSIGNAL")).toEqual(["SIGTERM"]);
  expect(stepsOf(1, "HEALTHCHECK")).toHaveLength(1);
});

test("its command migrates, serves, passes its health check and ends at SIGTERM", async () => {
  const emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
  const [, ...command] = JSON.parse(stepsOf(1, "CMD")[0] ?? "[]") as string[];
  const DATABASE_URL = await newPostgresUrl({ template: "template1" });
  const env = { ...localEnvironment({}, emulator.url), DATABASE_URL, PORT: "0", PATH: "" };
  const child = spawn(process.execPath, [...command, "--migrate"], { cwd: stageOf(1), env });
  const exit = once(child, "exit");
  try {
    const url = await readyUrl(child);
    const [probe] = /\["node".*\]/.exec(stepsOf(1, "HEALTHCHECK")[0] ?? "") ?? ["[]"];
    const [, ...check] = JSON.parse(probe) as string[];
    const PORT = new URL(url).port;
    await promisify(execFile)(process.execPath, check, { env: { PORT } });
    await expect(
      promisify(execFile)(process.execPath, check, { env: { PORT: "9" } }),
    ).rejects.toThrow();
    const { response } = await post(`${url}/start-ingest`, {
      SdkAppId: CN_APP,
      RoomId: "room",
      RoomIdType: 0,
      StreamUrl: `${emulator.url}/media/clip.mp4`,
      RepeatNum: -1,
      MaxDuration: 5,
    });
    expect(response.Error).toBeUndefined();
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
    await emulator.end("SIGTERM");
  }
});

function readyUrl({ stdout, stderr }: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    const errors: string[] = [];
    stderr?.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
    if (!stdout) return;
    const lines = createInterface(stdout);
    lines.on("line", (line) => {
      const [, url] = /^ready (\S+)$/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    lines.on("close", () => {
      reject(new Error(errors.join("")));
    });
  });
}
