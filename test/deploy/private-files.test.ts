/**
 * The CLI's files of a deployment contain secrets: only their owner may read them, and they are
 * removed.
 */
import { once } from "node:events";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { makeCli } from "../../deploy/rehearsal/serverless-cli.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WRITTEN = join(ROOT, ".serverless");

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "private-files-"));
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

const SECRET = "a-key-that-nobody-may-see";

const cli = (args: string[]) => {
  const nowhere = "http://127.0.0.1:9";
  const local = localEnvironment({ DATABASE_URL: "postgres://u@127.0.0.1/x" }, nowhere);
  const CALLERS = JSON.stringify([
    { Id: "backend", SecretKeys: [SECRET], SdkAppIds: [1600000000] },
  ]);
  return makeCli({
    ...local,
    CALLERS,
    RULES: "",
    EVENT_CALLERS: "",
    PATH: process.env["PATH"],
    HOME: home,
    http_proxy: nowhere,
    https_proxy: nowhere,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    AWS_ACCESS_KEY_ID: "AKIAnobody",
    AWS_SECRET_ACCESS_KEY: "nobody",
  })([...args, "--config", "serverless.aws.yml"]);
};

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file));

const othersMay = (path: string) => statSync(path).mode & 0o077;

describe("packaging for AWS", () => {
  test("leaves its files to their owner alone, also those that were open before", async () => {
    rmSync(WRITTEN, { recursive: true, force: true });
    mkdirSync(WRITTEN, { mode: 0o755 });
    const state = join(WRITTEN, "serverless-state.json");
    writeFileSync(state, "{}", { mode: 0o644 });
    const { code, output } = await cli(["package"]);
    expect([code, output]).toEqual([0, expect.stringContaining("Service packaged")]);
    // Checks that there is a secret to hide.
    expect(readFileSync(state, "utf8")).toContain(SECRET);
    for (const path of [WRITTEN, ...filesIn(WRITTEN)]) {
      expect({ path, others: othersMay(path) }).toEqual({ path, others: 0 });
    }
  });

  test("leaves its files to their owner alone in another folder as well", async () => {
    const folder = join(home, "packaged");
    mkdirSync(folder, { mode: 0o755 });
    expect(await cli(["package", "--package", folder])).toMatchObject({ code: 0 });
    const state = join(folder, "serverless-state.json");
    expect(readFileSync(state, "utf8")).toContain(SECRET);
    expect([othersMay(folder), othersMay(state)]).toEqual([0, 0]);
  });
});

test("a deployment that fails leaves no private files behind", async () => {
  const { code } = await cli(["deploy"]);
  expect(code).toBe(1);
  expect(existsSync(WRITTEN)).toBe(false);
});

describe("a deployment that is ended", () => {
  /** A process with a deployment's hooks, which writes a file and waits. */
  async function deploying(how: string) {
    const folder = mkdtempSync(join(home, "ends-"));
    const hooks = new URL("../../deploy/plugin/checks/private-files.ts", import.meta.url).pathname;
    const script = `
      import { mkdirSync, writeFileSync } from "node:fs";
      import { privateFiles } from ${JSON.stringify(hooks)};
      const cli = { serviceDir: ${JSON.stringify(folder)}, processedInput: { commands: ["deploy"] } };
      privateFiles(cli, {})["before:package:cleanup"]();
      mkdirSync(${JSON.stringify(join(folder, ".serverless"))});
      writeFileSync(${JSON.stringify(join(folder, ".serverless", "state.json"))}, "secret");
      setInterval(() => undefined, 1000);
      process.stdout.write("written");
      ${how}`;
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    return { child, folder: join(folder, ".serverless") };
  }

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s leaves no private files behind",
    async (signal) => {
      const { child, folder } = await deploying("");
      expect(existsSync(folder)).toBe(true);
      child.kill(signal);
      const [code, by] = (await once(child, "exit")) as [number | null, string | null];
      expect([code, by, existsSync(folder)]).toEqual([null, signal, false]);
    },
  );

  test.each([
    ["well", "process.exit(0);"],
    ["by an error", "throw new Error('it broke');"],
  ])("and %s leaves no private files behind", async (_, how) => {
    const { child, folder } = await deploying(how);
    if (child.exitCode === null) await once(child, "exit");
    expect(existsSync(folder)).toBe(false);
  });
});

test("git ignores every file of settings, and what the CLI writes", () => {
  const lines = readFileSync(join(ROOT, ".gitignore"), "utf8").split("\n");
  expect(lines).toEqual(expect.arrayContaining([".env*", ".serverless/"]));
});
