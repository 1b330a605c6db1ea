/** docs/notifications.md does what it says: its receiver, its commands, its example. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { systemClock } from "../shared/clock.js";
import { cloudEventOf } from "../shared/ingest/notification.js";
import { NOTIFICATION_TYPES } from "../shared/store/outbox.js";
import { newPostgresUrl } from "./support/databases.js";
import { CN_APP, post } from "./support/house.js";
import { type RunningProcess, startProcess } from "./support/process.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(join(ROOT, "docs", "notifications.md"), "utf8");
const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, kind = "", body = ""]) => ({ kind, body }),
);
const blockWith = (part: string): string =>
  blocks.find(({ kind, body }) => kind === part || body.includes(part))?.body ?? "";

/** What the two terminals export. */
const exported = (name: string): string =>
  new RegExp(`^export ${name}='?(.*?)'?$`, "m").exec(text)?.[1] ?? "";
const secret = exported("NOTIFY_SECRET");

let receiver: ChildProcess;
let lines: string[];
let url: string;

beforeAll(async () => {
  // The documented code, as it stands there; packages are found from here.
  receiver = spawn(process.execPath, ["--input-type=module", "--eval", blockWith("js receiver")], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], NOTIFY_SECRET: secret, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  lines = [];
  if (!receiver.stdout) throw new Error("it has no output");
  const output = createInterface(receiver.stdout);
  output.on("line", (line) => lines.push(line));
  await once(output, "line");
  url = `http://127.0.0.1:${/^listening on (\d+)$/.exec(lines[0] ?? "")?.[1] ?? "?"}/`;
});
afterAll(async () => {
  const ended = once(receiver, "exit");
  receiver.kill();
  await ended;
});

describe("the receiver", () => {
  const body = blockWith("json event");
  const id = "ing-01m84axpb20gf3remjtvp80pzq-2";

  async function told(changes: { secret?: string; body?: string; ageMs?: number; id?: string }) {
    const at = new Date(systemClock.now().getTime() - (changes.ageMs ?? 0));
    const signature = new Webhook(changes.secret ?? secret).sign(id, at, body);
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/cloudevents+json",
        "webhook-id": changes.id ?? id,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": signature,
      },
      body: changes.body ?? body,
    });
    return answer.status;
  }

  test("takes an event that is signed", async () => {
    expect(await told({})).toBe(204);
    const line = "ingest.ended ing-01m84axpb20gf3remjtvp80pzq room lobby expired 15.01";
    while (!lines.includes(line)) await systemClock.sleep(10);
  });

  test.each([
    ["with another secret", { secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}` }],
    ["for another body", { body: body.replace("lobby", "cellar") }],
    ["for another id", { id: `${id}0` }],
    ["six minutes ago", { ageMs: 6 * 60_000 }],
    ["six minutes ahead", { ageMs: -6 * 60_000 }],
  ])("refuses one that is signed %s", async (_, changes) => {
    const before = lines.length;
    expect(await told(changes)).toBe(401);
    expect(lines).toHaveLength(before);
  });

  test("refuses one that is not signed at all", async () => {
    expect((await fetch(url, { method: "POST", body })).status).toBe(401);
  });
});

describe("what it says of events", () => {
  test("the example has the fields that an event has", () => {
    const at = systemClock.now();
    const facts = { state: "ended", end_reason: "expired", started_at: "2026-01-01T00:00:00Z" };
    const event = cloudEventOf({
      ...{ taskId: "ing-1", position: 2, callerId: "c", type: "ingest.ended", happenedAt: at },
      ...{ attempts: 1, tryAt: at, giveUpAt: at, facts },
    });
    const example = JSON.parse(blockWith("json event")) as typeof event;
    expect(Object.keys(example)).toEqual(Object.keys(event));
    expect(Object.keys(example.data)).toEqual(Object.keys(event.data));
  });

  test("names no type that there is not", () => {
    const named = [...text.matchAll(/`(ingest\.\w+)`/g)].map((each) => each[1] ?? "");
    expect(named).toContain("ingest.ended");
    expect(named.filter((name) => !NOTIFICATION_TYPES.some((type) => type === name))).toEqual([]);
  });
});

describe("its commands", () => {
  let runtime: RunningProcess | undefined;
  afterAll(() => runtime?.end("SIGTERM"));

  test("show the start and the end of an ingest", async () => {
    const [caller] = JSON.parse(exported("CALLERS")) as { NotifySecrets: string[] }[];
    expect(caller).toMatchObject({ NotifyUrl: "http://127.0.0.1:8080/", NotifySecrets: [secret] });
    const cron = /SETTLE_CRON='([^']+)' npm start/.exec(text)?.[1] ?? "";
    runtime = await startProcess("local/start.ts", {
      ...{ CALLERS: JSON.stringify([{ ...caller, NotifyUrl: url }]), SETTLE_CRON: cron },
      ...{ PORT: "0", TRTC_PORT: "0", DATABASE_URL: await newPostgresUrl() },
    });
    const trtcUrl = /^TRTC (\S+)/.exec(runtime.lines[0] ?? "")?.[1] ?? "";
    const { response } = await post(`${runtime.url}/start-ingest`, {
      ...{ SdkAppId: CN_APP, RoomId: "lobby", RoomIdType: 0, RepeatNum: -1 },
      StreamUrl: `${trtcUrl}/media/clip.mp4`,
    });
    const TaskId = String(response["TaskId"]);
    await post(`${runtime.url}/stop-ingest`, { SdkAppId: CN_APP, TaskId });
    const told = () => lines.filter((line) => line.includes(TaskId));
    const ended = /^ingest\.ended \S+ room lobby stopped [\d.]+$/;
    while (!told().some((line) => ended.test(line))) await systemClock.sleep(100);
    expect(told()[0]).toMatch(/^ingest\.started \S+ room lobby/);
  });
});
