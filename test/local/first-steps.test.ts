/** The commands of README.md and local/README.md work as printed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { freePort } from "../../local/environment/free-port.js";
import type { Environment } from "../../shared/config/environment.js";
import { codeBlocks } from "../docs/markdown.js";
import { type RunningProcess, runScript, startProcess } from "../support/app/process.js";

const ROOT = fileURLToPath(new URL(`file://${process.cwd()}/`));
const pageOf = (path: string) => readFileSync(join(ROOT, path), "utf8");
const README = pageOf("README.md");

const directories: string[] = [];
const newDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "first-steps-"));
  directories.push(directory);
  return directory;
};

let runtime: RunningProcess;
let ports: { PORT: string; TRTC_PORT: string };
beforeAll(async () => {
  const settings = { PORT: "0", TRTC_PORT: "0", DATABASE_URL: "", DATA_DIR: newDirectory() };
  runtime = await startProcess("local/start.ts", settings);
  const trtcUrl = /TRTC (http:\S+)/.exec(runtime.lines.join("\n"))?.[1] ?? "";
  ports = { PORT: new URL(runtime.url).port, TRTC_PORT: new URL(trtcUrl).port };
});
afterAll(async () => {
  await runtime.end("SIGKILL");
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** The code blocks of a language, in their order. */
const blocks = (language: string, page: string): string[] =>
  codeBlocks(page)
    .filter((block) => block.language === language)
    .map(({ body }) => body);

/** README.md names the default ports. This run uses free ones. */
const onOurPorts = (block: string): string =>
  block
    .replaceAll("127.0.0.1:3000", `127.0.0.1:${ports.PORT}`)
    .replaceAll("127.0.0.1:3001", `127.0.0.1:${ports.TRTC_PORT}`);

async function inShell(line: string, env: Environment, cwd = ROOT) {
  const child = spawn("bash", ["-o", "pipefail", "-c", line], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors };
}

describe("the curl lines of local/README.md", () => {
  const curls = blocks("sh", pageOf("local/README.md")).filter((block) =>
    block.startsWith("curl "),
  );

  test("include one for a fault and one for the clock", () => {
    for (const what of ["/_emulator/faults", "/_emulator/clock"]) {
      expect(curls.filter((block) => block.includes(what))).toHaveLength(1);
    }
  });

  test.each(curls)("follow TRTC_PORT: %s", async (block) => {
    const { code, output } = await inShell(block, ports);
    expect(code).toBe(0);
    const answer = JSON.parse(output) as { error?: string };
    expect(answer.error).toBeUndefined();
    await inShell(`curl -s -X DELETE http://127.0.0.1:${ports.TRTC_PORT}/_emulator/faults`, {});
  });
});

describe("README's example for", () => {
  const shell = blocks("sh", README);
  const list = async (): Promise<object[]> => {
    const line = `curl -s http://127.0.0.1:3000/list-ingests -H 'Authorization: Bearer local-secret-key' -H 'Content-Type: application/json' -d '{"State":"running"}'`;
    const { output } = await inShell(onOurPorts(line), {});
    return (JSON.parse(output) as { Response: { Ingests: object[] } }).Response.Ingests;
  };

  test('curl starts a loop, and the lines of "Stop everything" stop it', async () => {
    const start = shell.find((block) => block.startsWith("curl ")) ?? "";
    const started = await inShell(onOurPorts(start), {});
    expect(started.code).toBe(0);
    const { Response } = JSON.parse(started.output) as { Response: Record<string, string> };
    expect(Response["TaskId"]).toMatch(/^ing-/);
    expect(await list()).toHaveLength(1);

    const stop = shell.find((block) => block.includes("stop-ingest")) ?? "";
    const stopped = await inShell(onOurPorts(stop), {});

    expect([stopped.code, stopped.errors]).toEqual([0, ""]);
    expect(await list()).toEqual([]);
  });

  test("a list puts its first item on air, and knows the second", async () => {
    const example = shell.find((block) => block.includes('"Playlist"')) ?? "";
    const { code, output } = await inShell(onOurPorts(example), {});
    expect([code, output]).toEqual([0, expect.stringContaining('"TaskId":"ing-')]);
    expect(await list()).toMatchObject([
      { Item: { Title: "Opening" }, NextItem: { Title: "Talk" }, Source: "primary" },
    ]);
    const stop = shell.find((block) => block.includes("stop-ingest")) ?? "";
    await inShell(onOurPorts(stop), {});
    expect(await list()).toEqual([]);
  });

  test("the Node.js SDK runs in its own folder, and prints what README says", async () => {
    const [example = ""] = blocks("js", README);
    expect(README).toContain("\nnpm i tencentcloud-sdk-nodejs\n");
    const folder = newDirectory();
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "try.mjs"), onOurPorts(example));
    const { code, output, errors } = await inShell("node try.mjs", {}, folder);
    expect([code, errors]).toEqual([0, ""]);
    const ids = /ing-\w+/g;
    expect(output.replace(ids, "ing")).toBe((blocks("text", README)[0] ?? "").replace(ids, "ing"));
  });

  test("your own caller replaces the local caller", async () => {
    const own = shell.find((block) => block.includes("CALLERS=")) ?? "";
    const [, callers = ""] = /CALLERS='(.*)'/.exec(own) ?? [];
    const env = { CALLERS: callers, PORT: "0", TRTC_PORT: "0", DATABASE_URL: "" };
    const mine = await startProcess("local/start.ts", { ...env, DATA_DIR: newDirectory() });
    const [{ SecretKeys }] = JSON.parse(callers) as [{ SecretKeys: string[] }];
    const asks = [SecretKeys[0] ?? "", "local-secret-key"].map((key) =>
      fetch(`${mine.url}/list-ingests`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: "{}",
      }),
    );
    const statuses = (await Promise.all(asks)).map(({ status }) => status);
    await mine.end("SIGKILL");
    expect(statuses).toEqual([200, 401]);
  });
});

describe("a reader that closes the pipe", () => {
  test.each([
    ["npm run demo", "node --import tsx local/demo.ts --verbose | head -n 1"],
    ["npm run emulator", "node --import tsx local/emulator.ts --port 0 --help | head -n 1"],
    // Of a busy machine the doctor may say that something failed, and end with 1.
    ["npm run doctor", "(node cli/bin.cjs doctor --local || [ $? = 1 ]) | head -n 1"],
    ["npm run report", "node cli/bin.cjs report --help | head -n 1"],
    ["npm run dead-letters", "node cli/bin.cjs dead-letters --help | head -n 1"],
    ["npm run event", "node cli/bin.cjs event cos --key clip.mp4 --print | head -n 1"],
  ])(
    "ends %s quietly",
    async (_, line) => {
      const { code, output, errors } = await inShell(line, { ...ports, DATABASE_URL: "" });
      expect({ code, errors }).toEqual({ code: 0, errors: "" });
      expect(output.split("\n")).toHaveLength(2);
    },
    60_000,
  );

  test("ends npm start, which removes its run file", async () => {
    const DATA_DIR = newDirectory();
    const line =
      "node --import tsx local/start.ts | (head -n 1; sleep 0.5; exec 0<&-; curl -s $URL > /dev/null)";
    const PORT = String(await freePort());
    const URL = `http://127.0.0.1:${PORT}/list-ingests`;
    const env = { PORT, URL, TRTC_PORT: "0", DATABASE_URL: "", DATA_DIR };
    const { errors } = await inShell(`${line}; ls $DATA_DIR`, env);
    expect(errors).toBe("");
    const { output } = await inShell("ls $DATA_DIR", { DATA_DIR });
    expect(output).toBe("log.jsonl\npostgres\n");
  });
});

describe("a port that another program has", () => {
  test.each([
    ["local/start.ts", "PORT", "set PORT to another port"],
    ["local/start.ts", "TRTC_PORT", "set TRTC_PORT to another port"],
    ["local/emulator.ts", "TRTC_PORT", "set TRTC_PORT, or --port, to another port"],
  ])(
    "%s names %s",
    async (script, variable, words) => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const port = String((other.address() as AddressInfo).port);
      const free = { PORT: "0", TRTC_PORT: "0", DATABASE_URL: "", DATA_DIR: newDirectory() };
      const { code, output } = await runScript(script, { ...free, [variable]: port });
      other.close();
      expect([code, output]).toEqual([1, expect.stringContaining(words)]);
      expect(output).toContain(port);
    },
    60_000,
  );
});
