/** The other commands of this machine find the run of `npm start` and work beside it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { findRun, type Run, runFileOf, writeRunFile } from "../../local/environment/run-file.js";
import { systemClock as clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { runCli } from "../support/cli.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { rawCaller } from "../support/http/raw-call.js";

const directories: string[] = [];
const newDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "run-file-"));
  directories.push(directory);
  return directory;
};
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** As in a new shell: only the location of the run's files is set. */
const NOTHING_SET = { PORT: "", TRTC_PORT: "", DATABASE_URL: "", TRTC_ENDPOINT: "" };

let runtime: RunningProcess;
let env: Environment;
let run: Run;
beforeAll(async () => {
  env = { ...NOTHING_SET, DATA_DIR: newDirectory() };
  runtime = await startProcess("local/start.ts", { ...env, PORT: "0", TRTC_PORT: "0" });
  run = JSON.parse(readFileSync(runFileOf(env), "utf8")) as Run;
});
afterAll(() => runtime.end("SIGKILL"));

const command = (name: string, ...args: string[]) => runCli([name, ...args], env);

describe("while npm start runs on its embedded database", () => {
  test("the run file holds its address, and only its user can read it", () => {
    expect(run).toMatchObject({ pid: runtime.child.pid, url: runtime.url });
    expect(run.trtcUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(run.key).toHaveLength(43);
    expect(statSync(runFileOf(env)).mode & 0o777).toBe(0o600);
    expect(runtime.lines.join()).not.toContain(run.key);
  });

  test("npm run event finds it", async () => {
    const { code, output } = await command("event", "cos", "--key", "clip.mp4", "--local");
    expect([code, output]).toEqual([0, expect.stringContaining("delivery 1  ")]);
    const { response } = await post(`${runtime.url}/list-ingests`, {});
    expect(response["Ingests"]).toMatchObject([{ RoomId: "clip", State: "running" }]);
  });

  test.each([[["--since", "1h"]], [["--since", "1h", "--local"]]])(
    "npm run report reads its rows: %j",
    async (args: string[]) => {
      const { code, output } = await command("report", ...args);
      expect(code).toBe(0);
      expect(output).toMatch(/^ {2}started +[1-9]\d*$/m);
      const json = await command("report", ...args, "--json");
      expect(JSON.parse(json.output)).toMatchObject({ live: { running: expect.any(Number) } });
    },
    60_000,
  );

  test("npm run dead-letters lists, shows, replays and drops", async () => {
    const dead = await command("event", "s3", "--key", "clip.mp4", "--bucket", "elsewhere");
    expect(dead.code).toBe(0);
    const file = join(newDirectory(), "message.json");
    writeFileSync(file, JSON.stringify({ Action: "StartStreamIngest", SdkAppId: CN_APP }));
    const refused = await command("event", "ckafka", "--file", file);
    expect(refused.output).toContain("dead 1");
    const { output: list } = await command("dead-letters");
    const [id = ""] = /^\w{20}/.exec(list) ?? [];
    expect(list).toContain("ckafka:ingests");
    expect((await command("dead-letters", "show", id)).output).toContain("StartStreamIngest");
    const replayed = await command("dead-letters", "replay", id, "--local");
    expect([replayed.code, replayed.output]).toEqual([1, expect.stringContaining(`${id}  M`)]);
    expect(await command("dead-letters", "drop", id)).toEqual({ code: 0, output: "dropped 1\n" });
    expect((await command("dead-letters", "--json")).output).toBe("[]\n");
    const unknown = await command("dead-letters", "show", "nobody");
    expect(unknown).toEqual({ code: 1, output: "the dead letter nobody does not exist\n" });
  });

  test("trtc-ingest admin lists and stops its rows", async () => {
    const fields = { SdkAppId: CN_APP, RoomId: "admin", RoomIdType: 0, MaxDuration: 5 };
    const StreamUrl = `${run.trtcUrl}/media/clip.mp4`;
    await post(`${runtime.url}/start-ingest`, { ...fields, StreamUrl, RepeatNum: -1 });
    const list = await command("admin", "list", "--room", "admin");
    expect([list.code, list.output]).toEqual([0, expect.stringMatching(/^ing-\w+\tAKIDlocal\t/)]);
    const stop = await command("admin", "stop", "--room", "admin", "--yes");
    expect([stop.code, stop.output]).toEqual([0, expect.stringMatching(/\tadmin\tstopped\n$/)]);
  });

  test("npm run doctor -- --local reads its clock", async () => {
    const well = await command("doctor", "--local");
    expect(well.output).toContain(`process ${run.pid} at ${run.url}`);
    expect(well.output).toMatch(/clock of the emulator +the same as this machine/);
    expect(well.code).toBe(0);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ advanceSeconds: 604_800 });
    await fetch(`${run.trtcUrl}/_emulator/clock`, { method: "POST", headers, body });
    const ahead = await command("doctor", "--local");
    expect(ahead.output).toMatch(/clock of the emulator +168 h ahead .* and so is the whole run/);
    expect(ahead.code).toBe(0);
    // Its own clock is what a report goes by.
    const { output } = await command("report", "--since", "1h", "--json");
    const { now } = JSON.parse(output) as { now: string };
    expect(Date.parse(now) - clock.now().getTime()).toBeGreaterThan(604_000_000);
  });
});

describe("the run's own endpoint", () => {
  const ask = (more: object = {}, headers: Record<string, string> = {}) =>
    rawCaller(run.url).raw({
      path: "/_local/desk/about",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${run.key}`,
        ...headers,
      },
      body: "{}",
      ...more,
    });

  test("answers a request with the run file's key", async () => {
    expect(await ask()).toMatchObject({ status: 200, text: expect.stringContaining('"pid"') });
  });

  test.each([
    ["another key", { authorization: "Bearer local-secret-key" }],
    ["no key", { authorization: "" }],
    ["a foreign Host", { host: "evil.example" }],
    ["a foreign Origin", { origin: "http://evil.example" }],
    ["a cross-site request", { "sec-fetch-site": "cross-site" }],
  ])("refuses %s", async (_, headers) => {
    expect((await ask({}, headers)).status).toBe(403);
  });

  test.each([
    ["a GET", { method: "GET" }, 400],
    ["no JSON", { body: "{" }, 400],
    ["arguments that are none", { body: '{"args":[1]}' }, 400],
    ["a long body", { body: JSON.stringify({ args: ["x".repeat(100_000)] }) }, 400],
    ["a command that is none", { path: "/_local/desk/migrate" }, 404],
    ["flags that are wrong", { path: "/_local/desk/report", body: '{"args":["--x"]}' }, 422],
  ])("refuses %s", async (_, more, status) => {
    expect((await ask(more)).status).toBe(status);
  });

  test("refuses a form, which a page could send", async () => {
    expect((await ask({}, { "content-type": "text/plain" })).status).toBe(400);
  });
});

describe("a run file", () => {
  const files: Server[] = [];
  afterAll(() => files.forEach((server) => server.close()));

  const inDirectory = (content: unknown) => {
    const DATA_DIR = newDirectory();
    writeFileSync(join(DATA_DIR, "run.json"), JSON.stringify(content));
    return { DATA_DIR };
  };

  test("is removed with its run, and another run's stays", async () => {
    const path = join(newDirectory(), "deep", "run.json");
    const first = await writeRunFile(path, { ...run, key: "first" });
    const second = await writeRunFile(path, { ...run, key: "second" });
    await first();
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ key: "second" });
    await second();
    expect(existsSync(path)).toBe(false);
  });

  test("of a process that has ended is ignored", async () => {
    expect(await findRun(inDirectory({ ...run, pid: 2 ** 22 + 1 }))).toBeUndefined();
  });

  test("whose process number belongs to another program is ignored", async () => {
    expect(await findRun(inDirectory({ ...run, pid: process.pid }))).toBeUndefined();
  });

  test("whose port belongs to another program is ignored", async () => {
    const other = createServer((_, response) => response.end("<html>")).listen(0, "127.0.0.1");
    files.push(other);
    await once(other, "listening");
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await findRun(inDirectory({ ...run, url }))).toBeUndefined();
  });

  test.each([[null], [{}], [{ pid: "1" }], ["text"], [{ pid: 1, url: 1 }]])(
    "of another program is ignored: %j",
    async (content) => {
      expect(await findRun(inDirectory(content))).toBeUndefined();
    },
  );

  test("is read back as it was written", async () => {
    expect(await findRun(env)).toEqual(run);
    expect(await findRun({ DATA_DIR: newDirectory() })).toBeUndefined();
  });
});

test("a run on PostgreSQL is found as well, by commands that have no DATABASE_URL", async () => {
  const DATA_DIR = newDirectory();
  const DATABASE_URL = await newPostgresUrl();
  const settings = { ...NOTHING_SET, DATA_DIR, DATABASE_URL, PORT: "0", TRTC_PORT: "0" };
  const other = await startProcess("local/start.ts", settings);
  const { output, code } = await runCli(["report"], { ...NOTHING_SET, DATA_DIR });
  expect([code, output]).toEqual([0, expect.stringMatching(/started +0/)]);
  expect(await other.end("SIGTERM")).toBe(0);
  expect(existsSync(join(DATA_DIR, "run.json"))).toBe(false);
});

test("commands open the database themselves after the run was killed", async () => {
  const DATA_DIR = newDirectory();
  const own = { ...NOTHING_SET, DATA_DIR };
  const killed = await startProcess("local/start.ts", { ...own, PORT: "0", TRTC_PORT: "0" });
  await killed.end("SIGKILL");
  expect(existsSync(join(DATA_DIR, "run.json"))).toBe(true);
  expect((await runCli(["report"], own)).output).toMatch(/started +0/);
  expect((await runCli(["dead-letters"], own)).output).toBe("no dead letters\n");
  const doctor = await runCli(["doctor", "--local"], own);
  expect(doctor.output).toMatch(/local run +none found/);
});

test("a command names the folder when it never had a run", async () => {
  const DATA_DIR = join(newDirectory(), "none");
  mkdirSync(DATA_DIR);
  const own = { ...NOTHING_SET, DATA_DIR };
  for (const command of ["report", "dead-letters"]) {
    const { code, output } = await runCli([command], own);
    expect([code, output]).toEqual([1, expect.stringContaining("npm start does not run here")]);
  }
});
