/** `trtc-ingest callbacks`: what TRTC's callbacks changed, and events that are signed as TRTC's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { cli } from "../support/cli.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";

let app: TestApp;
let folder: string;
beforeAll(async () => {
  app = await startTestApp();
  folder = mkdtempSync(join(tmpdir(), "cli-callbacks-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await app.close();
});

const TRTC_APPS = localEnvironment({}, "")["TRTC_APPS"] ?? "";

const env = () => ({
  ...{ HOME: "/nowhere", XDG_CONFIG_HOME: "", DATA_DIR: "/nowhere", NO_COLOR: "1", TRTC_APPS },
  ...{ TRTC_INGEST_URL: app.url, TRTC_INGEST_KEY: KEY },
  TRTC_INGEST_CALLBACK_URL: `${app.url}/room-callback`,
});

const callbacks = (args: string[], changes: object = {}) =>
  cli(["callbacks", ...args], { ...env(), ...changes });

async function start(RoomId: string): Promise<string> {
  const fields = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip };
  const { response } = await app.post("start-ingest", { ...fields, RepeatNum: -1, MaxDuration: 5 });
  return String(response["TaskId"]);
}

async function stateOf(TaskId: string): Promise<unknown> {
  const { response } = await app.post("describe-ingest", { TaskId });
  return response["State"];
}

const changesIn = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"))
    .map(([task, , what, who, , , change]) => [task, what, who, change]);

describe("callbacks send", () => {
  test("sends events of the source that history and describe then show", async () => {
    const taskId = await start("source");

    for (const event of ["playing", "retrying"]) {
      const sent = await callbacks(["send", event, taskId, "--yes"]);
      expect(sent).toMatchObject({ code: 0, out: `${event}\t${taskId}\tHTTP 200\n` });
    }

    const { out } = await callbacks(["list", taskId]);
    expect(changesIn(out)).toEqual([
      [taskId, "media", "callback room-callback", "MediaState connecting → playing"],
      [taskId, "media", "callback room-callback", "MediaState playing → retrying"],
    ]);
  });

  test.each(["ended", "removed", "failed", "entered", "left"])(
    "one event, such as %s, ends no ingest whose task TRTC has",
    async (event) => {
      const taskId = await start(`alone ${event}`);

      const { code, out } = await callbacks(["send", event, taskId, "--yes", "--json"]);

      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual({
        Event: event,
        TaskId: taskId,
        Answer: "HTTP 200",
        ok: true,
      });
      expect(await stateOf(taskId)).toBe("running");
    },
  );

  test("a dismissed room ends an ingest that is not new, so a deployment needs --yes", async () => {
    const taskId = await start("old");
    await app.database.query(
      "update ingest set started_at = started_at - interval '1 minute' where task_id = $1",
      [taskId],
    );

    const { code, out, err } = await callbacks(["send", "dismissed", taskId]);

    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe(
      `dismissed was not sent to ${app.url}/room-callback: it stops every ingest in the room. Send --yes to do it\n`,
    );
    expect(await stateOf(taskId)).toBe("running");

    const sent = await callbacks(["send", "dismissed", taskId, "--yes"]);

    expect(sent.code).toBe(0);
    expect(await stateOf(taskId)).toBe("ended");
  });

  const events = [
    "playing",
    "failed",
    "retrying",
    "ended",
    "dismissed",
    "removed",
    "entered",
    "left",
  ];
  test.each(events)("%s needs --yes, and its help says what it does", async (event) => {
    const taskId = await start(`unasked ${event}`);

    const { code, err } = await callbacks(["send", event, taskId]);
    const { out } = await callbacks(["send", "--help"]);

    const [, effect = "-"] = /: it (.+)\. Send --yes to do it\n$/.exec(err) ?? [];
    expect(code).toBe(2);
    expect(out.replace(/\s+/g, " ")).toContain(`${event}: it ${effect}.`);
  });

  test("the run on this machine needs no --yes", async () => {
    const taskId = await start("local");
    const here = { PORT: new URL(app.url).port, CALLERS: "", TRTC_APPS: "" };

    const { code, out } = await callbacks(["send", "playing", taskId, "--local"], here);

    expect([code, out]).toEqual([0, `playing\t${taskId}\tHTTP 200\n`]);
  });

  test("the ingest and the callback URL are of one deployment", async () => {
    const taskId = await start("two deployments");
    const TRTC_INGEST_PROFILES = join(folder, "profiles.json");
    const profile = { Url: app.url, Key: KEY, CallbackUrl: `${app.url}/room-callback` };
    writeFileSync(TRTC_INGEST_PROFILES, JSON.stringify({ default: profile }), { mode: 0o600 });
    const other = {
      TRTC_INGEST_PROFILES,
      TRTC_INGEST_URL: "",
      TRTC_INGEST_CALLBACK_URL: "https://other.example",
    };

    const { code, err } = await callbacks(["send", "playing", taskId, "--yes"], other);

    expect([code, err]).toEqual([
      2,
      "the URL of the api function is missing: set TRTC_INGEST_URL\n",
    ]);
  });

  test("ends with 1 when the function refuses the signature", async () => {
    const taskId = await start("other key");
    const others = TRTC_APPS.replaceAll("localcallbackkey", "otherkey");

    const { code, out } = await callbacks(["send", "playing", taskId, "--yes"], {
      TRTC_APPS: others,
    });

    expect([code, out]).toEqual([1, `playing\t${taskId}\tHTTP 401\n`]);
  });

  test("ends with 1 for an ingest that does not exist", async () => {
    const { code, out, err } = await callbacks(["send", "ended", `ing-${"0".repeat(26)}`]);

    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^FailedOperation\.TaskNotExist: .* \(RequestId .*\)\n$/);
  });

  test("ends with 1 for one that has no task at TRTC yet", async () => {
    const StartTime = new Date(Date.now() + 3_600_000).toISOString();
    const fields = { SdkAppId: CN_APP, RoomId: "later", RoomIdType: 0, StreamUrl: app.clip };
    const { response } = await app.post("start-ingest", { ...fields, StartTime, MaxDuration: 5 });

    const { code, err } = await callbacks(["send", "ended", String(response["TaskId"])]);

    expect([code, err]).toEqual([1, expect.stringContaining("has no task at TRTC: send it once")]);
  });
});

describe("callbacks list", () => {
  test("shows those of a room, and of one ingest only where one is named", async () => {
    const [one, two] = [await start("a room"), await start("a room")];
    for (const taskId of [one, two]) await callbacks(["send", "playing", taskId, "--yes"]);

    const room = await callbacks(["list", "--room-id", "a room", "--room-id-type", "0"]);
    const json = await callbacks(["list", two, "--json"]);

    expect(room.code).toBe(0);
    expect(changesIn(room.out).map(([task]) => task)).toEqual([one, two]);
    expect(JSON.parse(json.out)).toMatchObject({
      TaskId: two,
      Type: "media",
      Actor: { Kind: "callback", Id: "room-callback" },
    });
  });

  test("says when there are none", async () => {
    expect(await callbacks(["list", await start("quiet")])).toMatchObject({
      code: 0,
      out: "",
      err: "no callbacks\n",
    });
  });

  test("ends with 1 at a refusal, and shows it", async () => {
    const unknown = `ing-${"0".repeat(26)}`;

    const { code, err } = await callbacks(["list", unknown]);
    const json = await callbacks(["list", unknown, "--json"]);

    expect([code, err]).toEqual([1, expect.stringContaining("FailedOperation.TaskNotExist")]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      Response: { Error: { Code: "FailedOperation.TaskNotExist" } },
    });
  });
});

describe("callbacks check", () => {
  test("the URL takes what each key signs, and refuses what another signs", async () => {
    const { code, out } = await callbacks(["check"]);

    expect(code).toBe(0);
    expect(out).toMatch(/^pass {2}signed with CallbackKeys\[0\] of 1400000000 +taken in \d/);
    expect(out).toMatch(/\npass {2}signed with another key +refused, as it should be\n/);
    expect(out).toContain("nothing failed: 3 passed");
  });

  test("keys that the function does not have fail, with what to do", async () => {
    const others = TRTC_APPS.replaceAll("localcallbackkey", "otherkey");

    const { code, out } = await callbacks(["check", "--sdk-app-id", String(CN_APP)], {
      TRTC_APPS: others,
    });

    expect(code).toBe(1);
    expect(out).toMatch(/^fail {2}signed with CallbackKeys\[0\] of 1400000000 +HTTP 401: /);
    expect(out).toContain("→ set the same CallbackKeys in TRTC's console");
    expect(out).not.toContain("otherkey");
  });

  test("a URL that takes everything fails, also as JSON", async () => {
    const { code, out } = await callbacks(["check", "--url", `${app.url}/live`, "--json"]);

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, pass: 0, fail: 3 });
  });

  test("a host that does not answer fails", async () => {
    const { code, out } = await callbacks(["check", "--url", "http://127.0.0.1:1"]);

    expect([code, out]).toEqual([1, expect.stringContaining("the connection failed")]);
  });
});

test.each<[args: string[], changes: object, words: string]>([
  [["check"], { TRTC_APPS: "" }, "TRTC_APPS is not set"],
  [
    ["check"],
    { TRTC_INGEST_CALLBACK_URL: "" },
    "is missing: set TRTC_INGEST_CALLBACK_URL, or --url",
  ],
  [["check", "--local", "--url", "https://a.example"], {}, "--local and --url name two URLs"],
  [["check", "--local", "--profile", "a"], {}, "--local and --profile name two deployments"],
  [["check", "--sdk-app-id", "7"], {}, "has no CallbackKeys for the application 7"],
  [
    ["check", "--url", "http://a.example"],
    {},
    "--url must be the URL of the function room-callback",
  ],
  [["send", "closed", "ing-1"], {}, "Allowed choices are playing, failed"],
  [["send", "ended"], {}, "missing required argument 'TaskId'"],
  [["list", "two words"], {}, "TaskId has the wrong form"],
  [["lst"], {}, "unknown command 'lst': did you mean list?"],
])("%j ends with 2, and says what to send", async (args, changes, words) => {
  const { code, out, err } = await callbacks(args, changes);

  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(words);
});
