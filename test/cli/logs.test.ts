/** `trtc-ingest logs`: the log of npm start, from its file. */
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { logFilesOf, openFileLog } from "../../local/environment/log-file.js";
import type { LogFields } from "../../shared/log.js";
import { cli, type CliOptions, watching } from "../support/cli.js";

let DATA_DIR: string;
beforeEach(() => {
  DATA_DIR = mkdtempSync(join(tmpdir(), "cli-logs-"));
});
afterEach(() => {
  rmSync(DATA_DIR, { recursive: true, force: true });
});

const logs = (args: string[] = [], env: object = {}, options: CliOptions = {}) =>
  cli(["logs", ...args], { HOME: DATA_DIR, DATA_DIR, NO_COLOR: "1", ...env }, options);

const START: LogFields = {
  ...{ level: "info", function: "start-ingest", requestId: "request-1", outcome: "ok" },
  ...{ caller: "AKIDlocal", ingest: "ing-1", room: "lobby" },
};
const EXPIRE: LogFields = {
  ...{ level: "info", function: "expire-ingests", outcome: "ok" },
  counts: { stopped: 2, failed: 0 },
};
const FAILED: LogFields = {
  ...{ level: "error", function: "start-ingest", outcome: "ServiceUnavailable", ingest: "ing-2" },
  detail: "The database cannot be reached\u202e",
};

const write = (...lines: LogFields[]) => {
  const file = openFileLog(logFilesOf({ DATA_DIR }));
  for (const line of lines) file.log(line);
  file.close();
};

const linesIn = (out: string) => out.split("\n").filter((line) => line !== "");

test("shows the lines as rows with tabs, oldest first", async () => {
  write(START, EXPIRE, FAILED);

  const { code, out, err } = await logs();

  expect([code, err]).toEqual([0, ""]);
  expect(linesIn(out).map((line) => line.split("\t").slice(1))).toEqual([
    ["info", "start-ingest", "ok", "AKIDlocal", "lobby", "ing-1", "request-1", ""],
    ["info", "expire-ingests", "ok", "", "", "", "", "stopped 2"],
    [
      ...["error", "start-ingest", "ServiceUnavailable", "", "", "ing-2", ""],
      "The database cannot be reached?",
    ],
  ]);
});

test("--json prints the lines as they are", async () => {
  write(START);

  const { out } = await logs(["--json"]);

  expect(JSON.parse(out)).toEqual({ time: expect.stringMatching(/Z$/), ...START });
});

test("on a terminal each line is a short one", async () => {
  write(START);

  const { out } = await logs([], {}, { terminal: 100 });

  expect(out).toMatch(/^\d\d:\d\d:\d\d start-ingest ok lobby AKIDlocal ing-1\n$/);
});

test.each<[args: string[], shown: LogFields[]]>([
  [["--task", "ing-1"], [START]],
  [["--function", "expire-ingests"], [EXPIRE]],
  [["--level", "warn"], [FAILED]],
  [
    ["--level", "info"],
    [START, EXPIRE, FAILED],
  ],
  [["--caller", "AKIDlocal", "--room", "lobby"], [START]],
  [["--request-id", "request-1"], [START]],
  [
    ["--since", "1h"],
    [START, EXPIRE, FAILED],
  ],
  [
    ["--since", "2020-01-01T00:00:00+08:00"],
    [START, EXPIRE, FAILED],
  ],
  [["--task", "ing-1", "--level", "error"], []],
])("%j filters", async (args, shown) => {
  write(START, EXPIRE, FAILED);

  const { code, out } = await logs([...args, "--json"]);

  expect(code).toBe(0);
  expect(linesIn(out).map((line) => (JSON.parse(line) as LogFields).outcome)).toEqual(
    shown.map(({ outcome }) => outcome),
  );
});

describe("the file", () => {
  const { current, older } = { current: "log.jsonl", older: "log.older.jsonl" };

  test("can be read by its user only", () => {
    write(START);

    expect(statSync(join(DATA_DIR, current)).mode & 0o777).toBe(0o600);
  });

  test("is replaced once it is full, and the older one is shown too", async () => {
    const file = openFileLog(logFilesOf({ DATA_DIR }), 300);
    for (let at = 1; at <= 6; at += 1) file.log({ ...START, ingest: `ing-${at}` });
    file.close();

    const { out } = await logs(["--json"]);

    const size = (name: string) => statSync(join(DATA_DIR, name)).size;
    expect(size(older)).toBeLessThan(600);
    expect(size(current)).toBeLessThan(600);
    const ids = linesIn(out).map((line) => (JSON.parse(line) as LogFields).ingest);
    expect(ids.at(-1)).toBe("ing-6");
    expect(ids).toEqual([...ids].sort());
  });

  test("with a torn line is read past it", async () => {
    write(START);
    appendFileSync(join(DATA_DIR, current), '{"time":"2026-\n');
    write(EXPIRE);

    expect(linesIn((await logs()).out)).toHaveLength(2);
  });

  test("gets its next line below a last one without an end", async () => {
    write(START);
    appendFileSync(join(DATA_DIR, current), '{"time":"2026-');
    write(EXPIRE, FAILED);

    expect(linesIn((await logs()).out)).toHaveLength(3);
  });

  test("goes on in a full one that cannot be replaced", async () => {
    mkdirSync(join(DATA_DIR, older, "in the way"), { recursive: true });
    const file = openFileLog(logFilesOf({ DATA_DIR }), 100);
    for (const line of [START, EXPIRE, FAILED]) file.log(line);
    rmSync(join(DATA_DIR, older), { recursive: true });
    file.close();

    expect(linesIn((await logs()).out)).toHaveLength(3);
  });

  test("is a new one once it was removed and is full", async () => {
    const file = openFileLog(logFilesOf({ DATA_DIR }), 300);
    file.log(START);
    rmSync(join(DATA_DIR, current));
    for (let at = 1; at <= 3; at += 1) file.log({ ...START, ingest: `ing-${at}` });
    file.close();

    expect(linesIn((await logs(["--task", "ing-3"])).out)).toHaveLength(1);
  });

  test("is not full after it was emptied", () => {
    const file = openFileLog(logFilesOf({ DATA_DIR }), 300);
    for (const line of [START, START]) file.log(line);
    truncateSync(join(DATA_DIR, current));
    file.log(EXPIRE);
    file.close();

    expect(existsSync(join(DATA_DIR, older))).toBe(false);
    expect(readFileSync(join(DATA_DIR, current), "utf8")).toContain("expire-ingests");
  });

  test("is shown once when it becomes the older one just then", async () => {
    write(START, EXPIRE);
    linkSync(join(DATA_DIR, current), join(DATA_DIR, older));

    expect(linesIn((await logs()).out)).toHaveLength(2);
  });
});

test("--follow shows the lines of a file that was emptied", async () => {
  write(START, START);
  const emptied = () => {
    truncateSync(join(DATA_DIR, "log.jsonl"));
    write(EXPIRE);
  };

  const { out } = await logs(["--follow", "--json"], {}, watching([emptied]));

  expect(linesIn(out).map((line) => (JSON.parse(line) as LogFields).function)).toEqual([
    ...["start-ingest", "start-ingest", "expire-ingests"],
  ]);
});

test("--follow shows new lines, also of the next file, until Ctrl-C", async () => {
  const file = openFileLog(logFilesOf({ DATA_DIR }), 150);
  file.log({ ...START, ingest: "ing-0" });
  const steps = [1, 2, 3, 4, 5].map((at) => () => {
    file.log({ ...START, ingest: `ing-${at}` });
  });

  const { code, out } = await logs(["--follow", "--json"], {}, watching(steps));
  file.close();

  expect(code).toBe(0);
  const ids = linesIn(out).map((line) => (JSON.parse(line) as LogFields).ingest);
  expect(ids).toEqual(["ing-0", "ing-1", "ing-2", "ing-3", "ing-4", "ing-5"]);
});

test.each<[args: string[], env: object, code: number, words: string]>([
  [[], {}, 1, "there is no log at "],
  [["--level", "loud"], {}, 2, "Allowed choices are info, warn, error"],
  [["--since", "yesterday"], {}, 2, "--since yesterday: send a time such as 24h, 30m or 7d, or an"],
  [["--since", "2026-01-01T08:00"], {}, 2, "or an instant with its offset"],
  [["--since", "2999-01-01T00:00:00Z"], {}, 2, "is in the future: send a past time"],
  [["--tsk", "x"], {}, 2, "unknown option '--tsk': did you mean --task?"],
  [
    [],
    { TRTC_INGEST_URL: "https://api.example", TRTC_INGEST_KEY: "k" },
    1,
    "AWS             npx serverless logs --config serverless.aws.yml --function start-ingest --tail",
  ],
  [["--profile", "production"], {}, 2, "write the profile production into it"],
])("%j with %j ends with an error that says what to do", async (args, env, code, words) => {
  const result = await logs(args, env);

  expect([result.code, result.out]).toEqual([code, ""]);
  expect(result.err).toContain(words);
});

test("--local shows this machine's log where a deployment is named", async () => {
  write(START);

  const { code, out } = await logs(["--local"], { TRTC_INGEST_URL: "https://api.example" });

  expect([code, linesIn(out)]).toEqual([0, [expect.stringContaining("start-ingest")]]);
});

test("a profile default is a deployment, as for every command", async () => {
  write(START);
  const TRTC_INGEST_PROFILES = join(DATA_DIR, "profiles.json");
  const profiles = { default: { Url: "https://api.example", Key: "k" } };
  writeFileSync(TRTC_INGEST_PROFILES, JSON.stringify(profiles), { mode: 0o600 });

  const named = await logs([], { TRTC_INGEST_PROFILES });
  const local = await logs(["--local"], { TRTC_INGEST_PROFILES });

  expect([named.code, named.out]).toEqual([1, ""]);
  expect(named.err).toContain("--local shows the log of npm start");
  expect(linesIn(local.out)).toHaveLength(1);
});
