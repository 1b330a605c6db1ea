/** `trtc-ingest start`, `update`, `describe`, `list`, `stop` and `schedules`, against the real functions over HTTP. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { cli, type CliOptions } from "../support/cli.js";
import { CN_APP, KEY, SECRET_ID, startTestApp, type TestApp } from "../support/app/test-app.js";
import { openLossyProxy, type LossyProxy } from "./lossy-proxy.js";

let app: TestApp;
let proxy: LossyProxy;
let folder: string;
const output: string[] = [];

beforeAll(async () => {
  app = await startTestApp();
  proxy = await openLossyProxy(app.url);
  folder = mkdtempSync(join(tmpdir(), "cli-calls-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  proxy.close();
  await app.close();
});

/** No pause takes time. */
const clock = { ...systemClock, sleep: () => Promise.resolve() };

const NOTHING_SET = { HOME: "/nowhere", XDG_CONFIG_HOME: "", DATA_DIR: "/nowhere" };
const bearer = () => ({ ...NOTHING_SET, TRTC_INGEST_URL: app.url, TRTC_INGEST_KEY: KEY });
const signed = () => ({
  ...NOTHING_SET,
  TRTC_INGEST_URL: app.url,
  TRTC_INGEST_KEY: "",
  TRTC_INGEST_SECRET_ID: SECRET_ID,
  TRTC_INGEST_SECRET_KEY: KEY,
});

async function run(args: string[], options: CliOptions & { env?: object } = {}) {
  const result = await cli(args, { ...bearer(), ...options.env }, { clock, ...options });
  output.push(result.output);
  return result;
}

const startArgs = (room: string) => [
  ...["start", "--sdk-app-id", String(CN_APP), "--room-id", room, "--room-id-type", "0"],
  ...["--stream-url", app.clip, "--repeat-num", "-1", "--max-duration", "90"],
];

async function started(room: string): Promise<string> {
  const { code, out } = await run(startArgs(room));
  expect(code).toBe(0);
  const [taskId = ""] = out.split("\t");
  expect(taskId).toMatch(/^ing-\w{26}$/);
  return taskId;
}

const responseIn = (out: string) =>
  (JSON.parse(out) as { Response: Record<string, unknown> }).Response;

describe.each([
  ["a key", bearer],
  ["a TC3 signature", signed],
])("with %s", (name, variables) => {
  test("an ingest is started, changed, described, listed and stopped", async () => {
    const env = variables();
    const room = `life ${name}`;
    const { code, out } = await run(startArgs(room), { env });
    const [taskId = ""] = out.split("\t");

    expect(code).toBe(0);
    expect(out).toMatch(/^ing-\w{26}\trunning\trobot_\w+\t\t20\S+Z\t\n$/);
    const stopTime = new Date(Date.parse(out.split("\t")[4] ?? "") - 60_000).toISOString();
    const updated = await run(["update", taskId, "--stop-time", stopTime], { env });
    expect(updated).toMatchObject({ code: 0, out: `InProgress\t${stopTime}\n` });
    const described = await run(["describe", taskId], { env });
    expect(described.out).toContain(`Deadline\t${stopTime}\n`);
    const list = await run(["list", "--room-id", room], { env });
    expect(list.out).toMatch(new RegExp(`^${taskId}\trunning\t${room}\t`));
    expect(await run(["stop", taskId], { env })).toMatchObject({
      code: 0,
      out: `${taskId}\tstopped\n`,
    });
    const ended = await run(["describe", taskId, "--json"], { env });
    expect(responseIn(ended.out)).toMatchObject({ State: "ended", EndReason: "stopped" });
  });
});

describe("a start that gets no answer", () => {
  const lossy = () => ({ TRTC_INGEST_URL: proxy.url });

  test("is sent again under its own ClientToken, and one robot plays", async () => {
    const sent = proxy.bodies.length;
    proxy.lose(2);

    const { code, out, err } = await run(startArgs("lost"), { env: lossy() });

    expect(code).toBe(0);
    const [first, ...others] = proxy.bodies.slice(sent);
    expect(first?.["ClientToken"]).toMatch(/^cli-[\w-]{36}$/);
    expect(others).toEqual([first, first]);
    expect(err.match(/gave no answer .*: sending the same request again/g)).toHaveLength(2);
    const tasks = await app.truth.tasks();
    expect(tasks.filter(({ roomId }) => roomId === "lost")).toHaveLength(1);
    expect(out).toMatch(/^ing-/);
  });

  test("keeps the token that was given", async () => {
    proxy.lose(1);
    const sent = proxy.bodies.length;

    const { code } = await run([...startArgs("named"), "--client-token", "order-1"], {
      env: lossy(),
    });

    expect(code).toBe(0);
    expect(proxy.bodies.slice(sent)).toMatchObject([
      { ClientToken: "order-1" },
      { ClientToken: "order-1" },
    ]);
  });

  test("ends with 1 after three attempts, and says how to send it again", async () => {
    proxy.lose(3);

    const { code, out, err } = await run(startArgs("gone"), { env: lossy() });

    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(
      /It may have been carried out: send it again with --client-token cli-[\w-]{36}, which does nothing twice\n$/,
    );
  });

  test("a deletion is not sent twice", async () => {
    proxy.lose(1);
    const sent = proxy.bodies.length;
    const id = `schedule-${"0".repeat(26)}`;

    const { code, err } = await run(["schedules", "delete", id], { env: lossy() });

    expect(code).toBe(1);
    expect(err).toContain("look with describe or list what has become of it");
    expect(proxy.bodies.slice(sent)).toHaveLength(1);
  });
});

describe("a refusal", () => {
  const WRONG_KEY = { TRTC_INGEST_KEY: "some-other-secret-key" };

  test.each<[what: string, args: string[], env: object, code: string]>([
    ["an unknown key", ["list"], WRONG_KEY, "AuthFailure.SecretIdNotFound"],
    [
      "a wrong secret key",
      ["list"],
      {
        ...WRONG_KEY,
        TRTC_INGEST_KEY: "",
        TRTC_INGEST_SECRET_ID: SECRET_ID,
        TRTC_INGEST_SECRET_KEY: "some-other-secret-key",
      },
      "AuthFailure.SignatureFailure",
    ],
    [
      "a foreign application",
      ["list", "--sdk-app-id", "1500000001"],
      {},
      "UnauthorizedOperation.SdkAppId",
    ],
    [
      "an unknown ingest",
      ["describe", `ing-${"0".repeat(26)}`],
      {},
      "FailedOperation.TaskNotExist",
    ],
  ])("of %s shows its code and its RequestId, and ends with 1", async (_, args, env, code) => {
    const shown = await run(args, { env });

    expect([shown.code, shown.out]).toEqual([1, ""]);
    expect(shown.err).toMatch(
      new RegExp(`^${code.replace(".", "\\.")}: .+ \\(RequestId [\\w-]{36}\\)\n$`),
    );
    const json = await run([...args, "--json", "--verbose"], { env });
    expect(json.code).toBe(1);
    expect(responseIn(json.out)).toMatchObject({ Error: { Code: code } });
  });

  test("of one of several stops does not hold up the others", async () => {
    const taskId = await started("one of two");
    const unknown = `ing-${"0".repeat(26)}`;

    const { code, out } = await run(["stop", unknown, taskId]);

    expect(code).toBe(1);
    expect(out.split("\n")).toEqual([
      expect.stringContaining(`${unknown}\tFailedOperation.TaskNotExist: `),
      `${taskId}\tstopped`,
      "",
    ]);
  });
});

describe("wrong usage sends nothing, ends with 2, and says what to send", () => {
  test.each<[args: string[], words: string]>([
    [
      ["start", "--room-id", "8489", "--volume", "loud"],
      "Volume has the wrong type: send an integer",
    ],
    [["start", "--volume", "7"], "MissingParameter.RoomId: RoomId is missing: send a string"],
    [["start", "--room-id", "1", "--repeat-num", "0"], "RepeatNum may not be 0"],
    [["start", "--rom-id", "1"], "unknown option '--rom-id': did you mean --room-id?"],
    [["start", "--user-sig", "x"], "unknown option '--user-sig'"],
    [["list", "--state", "runing"], "Allowed choices are scheduled, starting, running"],
    [["update"], "missing required argument 'TaskId'"],
    [["stop", "two words"], "TaskId has the wrong form"],
    [["start", "--json-body", '{"RoomId":"1"}'], "--json-body must be - for stdin, or @"],
    [["start", "--json-body", "@there-is-none"], "the file there-is-none cannot be read"],
    [["start", "--room-id", "1", "--playlist", "[{"], "--playlist is not JSON"],
    [["describe", "one", "two"], "unexpected argument 'two'"],
    [["schedules", "lst"], "unknown command 'lst': did you mean list?"],
    [["strat"], "unknown command 'strat': did you mean start?"],
  ])("%j", async (args, words) => {
    const { code, out, err } = await run(args);

    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(words);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a body of stdin that is no JSON object", async () => {
    const { code, err } = await run(["start", "--json-body", "-"], { input: "[1]" });

    expect([code, err]).toEqual([2, expect.stringContaining("--json-body is not a JSON object")]);
  });
});

test("flags stand over the fields of a body, lists come from files, and secrets from stdin only", async () => {
  const file = join(folder, "list.json");
  const items = [{ StreamUrl: app.clip, Title: "Opening", PlaySeconds: 60 }];
  // As an editor on Windows saves it.
  writeFileSync(file, `\ufeff${JSON.stringify(items)}`);
  const input = JSON.stringify({ SdkAppId: CN_APP, RoomId: "a", RoomIdType: 0, MaxDuration: 5 });
  const args = ["start", "--json-body", "-", "--room-id", "from a flag", "--playlist", `@${file}`];

  const { code, out } = await run(args, { input });

  expect(code).toBe(0);
  const [taskId = ""] = out.split("\t");
  const described = await run(["describe", taskId, "--json"]);
  expect(responseIn(described.out)).toMatchObject({
    RoomId: "from a flag",
    Item: { Title: "Opening" },
  });
});

describe("on a terminal", () => {
  const TITLE = "Talk\u202etxt.exe 第一课";
  const terminal = 200;

  test("a hostile title is shown as text, in tables and pages, with colours of our own only", async () => {
    const body = JSON.stringify({
      SdkAppId: CN_APP,
      RoomId: "hostile",
      RoomIdType: 0,
      MaxDuration: 5,
      Playlist: [{ StreamUrl: app.clip, Title: TITLE, PlaySeconds: 60 }],
    });
    expect(await run(["start", "--json-body", "-"], { input: body })).toMatchObject({ code: 0 });

    const table = await run(["list", "--room-id", "hostile"], { terminal, env: { NO_COLOR: "" } });
    const plain = await run(["list", "--room-id", "hostile"], { terminal, env: { NO_COLOR: "1" } });
    const json = await run(["list", "--room-id", "hostile", "--json"]);

    expect(table.out).toMatch(/^TASK +STATE +ROOM +ON AIR +START +END\n/);
    expect(table.out).toContain("Talk?txt.exe 第一课");
    expect(table.out).toContain("\u001b[32mrunning\u001b[0m");
    expect(plain.out).not.toContain("\u001b");
    for (const { out } of [table, plain, json]) expect(out).not.toContain("\u202e");
    expect(json.out).toContain("\\u202e");
  });

  test("no line is wider than the terminal", async () => {
    await started("narrow");

    const { out } = await run(["list"], { terminal: 40, env: { NO_COLOR: "1" } });

    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });
});

test("list --all reads every page", async () => {
  for (const at of [1, 2, 3]) await started(`page ${at}`);

  const first = await run(["list", "--limit", "2"]);
  const all = await run(["list", "--limit", "2", "--all"]);
  const json = await run(["list", "--limit", "2", "--all", "--json"]);

  expect(first.out.trimEnd().split("\n")).toHaveLength(2);
  expect(first.err).toBe("there are more: send --all for every page\n");
  expect([all.err, json.err]).toEqual(["", ""]);
  const rows = all.out.trimEnd().split("\n");
  expect(rows.length).toBeGreaterThan(2);
  expect(json.out.trimEnd().split("\n")).toHaveLength(Math.ceil(rows.length / 2));
});

test("timeline shows each change, and who made it", async () => {
  const taskId = await started("history");
  await run(["stop", taskId]);

  const { code, out } = await run(["timeline", taskId]);
  const table = await run(["timeline", taskId, "--limit", "1"], { terminal: 400 });

  expect(code).toBe(0);
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t").slice(1, 3));
  expect(events).toEqual(
    ["created", "started", "stopping", "ended"].map((type) => [type, "caller AKIDlocal"]),
  );
  expect(out).toMatch(/\tended\t.*State stopping → ended/);
  // It reads every page.
  expect(table.out.trimEnd().split("\n")).toHaveLength(events.length + 1);
});

test("schedules are created, previewed, listed, paused and deleted", async () => {
  const create = await run([
    ...["schedules", "create", "--name", "Lessons", "--time-zone", "Europe/Berlin"],
    ...[
      "--windows",
      '[{"Recurrence":"0 9 * * 1-5","EndAt":"11:30"}]',
      "--exclude-dates",
      "2026-12-25",
    ],
    ...[
      "--ingest",
      JSON.stringify({ SdkAppId: CN_APP, RoomId: "l", RoomIdType: 0, StreamUrl: app.clip }),
    ],
    "--json",
  ]);
  expect(create).toMatchObject({ code: 0 });
  const id = String(responseIn(create.out)["ScheduleId"]);

  const preview = await run(["schedules", "preview", id, "--count", "2"]);
  const paused = await run(["schedules", "update", id, "--state", "Paused"]);
  const list = await run(["schedules", "list"]);

  expect(preview.out).toMatch(/^(\S+T09:00:00\+0[12]:00\t\S+T11:30:00\+0[12]:00\t\t\n){2}$/);
  expect(paused.code).toBe(0);
  expect(list.out).toContain(`${id}\tPaused\tl\tEurope/Berlin\tLessons`);
  expect(await run(["schedules", "occurrences", id])).toMatchObject({ code: 0 });
  expect(await run(["schedules", "delete", id])).toMatchObject({ code: 0 });
});

test("every command has a help text with an example", async () => {
  const namesIn = (help: string, prefix = "") =>
    [...help.matchAll(/^ {2}([a-z][a-z-]+) {2,}/gm)].map(([, name = ""]) => `${prefix}${name}`);
  const top = namesIn((await run(["--help"])).out);
  const groups = ["schedules", "admin", "callbacks"];
  const nested = [];
  for (const group of groups) nested.push(...namesIn((await run([group])).out, `${group} `));
  const names = top.filter((name) => !groups.includes(name)).concat(nested);

  expect(top).toEqual(expect.arrayContaining(["start", "doctor", ...groups]));
  expect(nested).toEqual(
    expect.arrayContaining(["schedules create", "admin stop", "callbacks check"]),
  );
  for (const name of names) {
    const help = await run(["help", ...name.split(" ")]);
    expect(help.code).toBe(0);
    expect(help.out).toMatch(new RegExp(`^Usage: trtc-ingest ${name}( |\n)`));
    expect(help.out).toMatch(new RegExp(`Examples:\n {2}.*trtc-ingest ${name}`));
    expect(help.out).toContain("Exit codes: 0 done, 1 refused or failed, 2 wrong usage.");
  }
});

test("no output of all these commands holds a key", () => {
  const all = output.join("");
  for (const secret of [KEY, "some-other-secret-key"]) expect(all).not.toContain(secret);
  expect(all).not.toMatch(/Signature=|Bearer /);
});
