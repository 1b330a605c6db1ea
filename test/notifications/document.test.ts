/** Runs the receiver, the commands and the example of docs/notifications.md. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { systemClock } from "../../shared/clock.js";
import { cloudEventOf } from "../../shared/notifications/cloud-event.js";
import { NOTIFICATION_TYPES, type NotificationType } from "../../shared/store/outbox/outbox.js";
import { createStore } from "../../shared/store/store.js";
import { END_REASONS, MEDIA_STATES } from "../../shared/contract/answers.js";
import { newPostgresUrl, openTestPglite } from "../support/database/databases.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(ROOT, "docs", "notifications.md"), "utf8");
const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, kind = "", body = ""]) => ({ kind, body }),
);
const blockWith = (part: string): string =>
  blocks.find(({ kind, body }) => kind === part || body.includes(part))?.body ?? "";

/** The exported variables of the two terminals. */
const exported = (name: string): string =>
  new RegExp(`^export ${name}='?(.*?)'?$`, "m").exec(text)?.[1] ?? "";
const secret = exported("NOTIFY_SECRET");

let receiver: ChildProcess;
let lines: string[];
let url: string;

beforeAll(async () => {
  // The code exactly as documented. It finds packages from this folder.
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

describe("the guide's receiver", () => {
  const body = blockWith("json event");
  const id = "ing-01m84axpb20gf3remjtvp80pzq-2";

  async function ownLines(changes: {
    secret?: string;
    body?: string;
    ageMs?: number;
    id?: string;
  }) {
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

  test("accepts a signed event", async () => {
    expect(await ownLines({})).toBe(204);
    const line = "ingest.ended ing-01m84axpb20gf3remjtvp80pzq room lobby expired 15.01";
    while (!lines.includes(line)) await systemClock.sleep(10);
  });

  test.each([
    ["with another secret", { secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}` }],
    ["for another body", { body: body.replace("lobby", "cellar") }],
    ["for another id", { id: `${id}0` }],
    ["six minutes ago", { ageMs: 6 * 60_000 }],
    ["six minutes ahead", { ageMs: -6 * 60_000 }],
  ])("refuses an event that is signed %s", async (_, changes) => {
    const before = lines.length;
    expect(await ownLines(changes)).toBe(401);
    expect(lines).toHaveLength(before);
  });

  test("refuses an unsigned event", async () => {
    expect((await fetch(url, { method: "POST", body })).status).toBe(401);
  });
});

/** Only an ingest with a programme has them. */
const PROGRAMME_TYPES = new Set<NotificationType>([
  "ingest.item",
  "ingest.source",
  "ingest.restarted",
]);

const isOfSchedule = (type: NotificationType): boolean => type.startsWith("schedule.");
const isOfBudget = (type: NotificationType): boolean => type.startsWith("budget.");
const OF_INGESTS = NOTIFICATION_TYPES.filter((type) => type.startsWith("ingest."));
const OF_BUDGETS = NOTIFICATION_TYPES.filter(isOfBudget);
const OF_SCHEDULES = NOTIFICATION_TYPES.filter(isOfSchedule);

const ON_AIR = { index: 0, round: 0, source: "primary", since: "2026-01-01T00:00:00Z" };

const PERIOD = { from_at: "2026-01-01T00:00:00Z", to_at: "2026-01-02T00:00:00Z" };

describe("the guide", () => {
  const at = systemClock.now();
  // Each type has the columns of its own statement. Only one type has the source's columns.
  const eventOf = (type: NotificationType) => {
    const source = { media_state: "playing", media_at: "2026-01-01T00:00:01Z" };
    const facts = {
      state: "ended",
      end_reason: "expired",
      started_at: "2026-01-01T00:00:00Z",
      ...(type === "ingest.media" ? source : {}),
      ...(PROGRAMME_TYPES.has(type) ? { on_air: ON_AIR } : {}),
      ...(isOfBudget(type) ? PERIOD : {}),
    };
    return cloudEventOf({
      taskId: "ing-1",
      position: 2,
      callerId: "c",
      type,
      happenedAt: at,
      attempts: 1,
      tryAt: at,
      giveUpAt: at,
      facts,
    });
  };
  const fieldsOf = (type: NotificationType) => Object.keys(eventOf(type).data);

  /** The cells of the table whose first column has this heading, row by row. */
  function tableOf(heading: string): string[][] {
    const lines = text.split("\n");
    const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
    const rows = lines.slice(start + 2);
    return rows
      .slice(0, rows.indexOf(""))
      .map((row) => row.split("|").map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")))
      .map((cells) => cells.slice(1, -1));
  }
  const namesIn = (heading: string) => tableOf(heading).map(([name]) => name);

  test("has an example with the fields of an event", () => {
    const event = eventOf("ingest.ended");
    const example = JSON.parse(blockWith("json event")) as typeof event;
    expect(Object.keys(example)).toEqual(Object.keys(event));
    expect(Object.keys(example.data)).toEqual(Object.keys(event.data));
  });

  test("names every type of event, and no other", () => {
    expect(namesIn("type")).toEqual(NOTIFICATION_TYPES);
    const named = [...text.matchAll(/`((?:ingest|schedule|budget)\.\w+)`/g)].map(
      (each) => each[1] ?? "",
    );
    expect(named.filter((name) => !NOTIFICATION_TYPES.some((type) => type === name))).toEqual([]);
  });

  test.each(OF_SCHEDULES)("names every field of %s, and no other", (type) => {
    const rows = tableOf("field of a schedule's `data`").filter(([, where]) =>
      ["both", type].includes(where ?? ""),
    );
    expect(rows.map(([field]) => field)).toEqual(fieldsOf(type));
  });

  test.each(OF_BUDGETS)("names every field of %s, and no other", (type) => {
    expect(namesIn("field of a budget's `data`")).toEqual(fieldsOf(type));
  });

  test.each(OF_INGESTS)("names every field of %s, and no other", (type) => {
    const rows = tableOf("field of `data`").filter(
      ([, where]) =>
        where === "all" || where === type || (where === "programmes" && PROGRAMME_TYPES.has(type)),
    );
    expect(rows.map(([field]) => field)).toEqual(fieldsOf(type));
  });

  test("has no field in its table that no event has", () => {
    const places = tableOf("field of `data`").map(([, where]) => where);
    expect(new Set(places)).toEqual(new Set(["all", "ingest.media", "programmes"]));
  });

  test("names every end reason, and every state of a source", () => {
    expect(namesIn("reason")).toEqual(END_REASONS);
    const [, , said = ""] = tableOf("field of `data`").find(([f]) => f === "MediaState") ?? [];
    const states = [...said.matchAll(/`(\w+)`/g)].map(([, state]) => state);
    // We report "connecting" until TRTC reports a state.
    expect(states).toEqual(MEDIA_STATES.filter((state) => state !== "connecting"));
  });
});

test("only an event of the source has the columns of its statement", async () => {
  const database = await openTestPglite();
  const store = createStore(database);
  const notify = { notify: true };
  const schedule = { startsAt: T0, startBy: T0, asked: {}, heldUntil: null };
  await store.ingests.beginStart(newIngest({ notify: true, schedule }));
  const { taskId, sdkAppId, trtcTaskId } = await runningIngest(store, notify);
  const playing = { media: "playing", eventAt: T0, at: T0 } as const;
  await store.roomEvents.recordTaskEvent({ ...playing, sdkAppId, trtcTaskId: trtcTaskId ?? "" });
  await store.ingests.markEnded({ taskId, fence: 0, reason: "stopped", at: T0 });
  const rows = await database.query("select type, facts from outbox order by position");
  await database.close();
  const withSource = rows.filter(({ facts }) => "media_state" in (facts as object));
  const types = OF_INGESTS.filter((type) => !PROGRAMME_TYPES.has(type));
  expect(new Set(rows.map(({ type }) => type))).toEqual(new Set(types));
  expect(withSource.map(({ type }) => type)).toEqual(["ingest.media"]);
});

describe("the guide's commands", () => {
  let runtime: RunningProcess | undefined;
  afterAll(() => runtime?.end("SIGTERM"));

  test("show the start and the end of an ingest", async () => {
    const [caller] = JSON.parse(exported("CALLERS")) as { NotifySecrets: string[] }[];
    expect(caller).toMatchObject({ NotifyUrl: "http://127.0.0.1:8080/", NotifySecrets: [secret] });
    const cron = /NOTIFY_CRON='([^']+)' npm start/.exec(text)?.[1] ?? "";
    runtime = await startProcess("local/start.ts", {
      CALLERS: JSON.stringify([{ ...caller, NotifyUrl: url }]),
      NOTIFY_CRON: cron,
      PORT: "0",
      TRTC_PORT: "0",
      DATABASE_URL: await newPostgresUrl(),
    });
    const trtcUrl = /^TRTC (\S+)/m.exec(runtime.lines.join("\n"))?.[1] ?? "";
    const { response } = await post(`${runtime.url}/start-ingest`, {
      SdkAppId: CN_APP,
      RoomId: "lobby",
      RoomIdType: 0,
      RepeatNum: -1,
      StreamUrl: `${trtcUrl}/media/clip.mp4`,
    });
    const TaskId = String(response["TaskId"]);
    await post(`${runtime.url}/stop-ingest`, { SdkAppId: CN_APP, TaskId });
    const ownLines = () => lines.filter((line) => line.includes(TaskId));
    const ended = /^ingest\.ended \S+ room lobby stopped [\d.]+$/;
    while (!ownLines().some((line) => ended.test(line))) await systemClock.sleep(100);
    expect(ownLines()[0]).toMatch(/^ingest\.started \S+ room lobby/);
  });
});
