/** `npm run event`: sends every provider's envelope to the functions on this machine. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { buildEvent, EVENT_KINDS, type EventSpec } from "../../ops/event/build-event.js";
import { readEvent } from "../../shared/cloud-events/envelopes/read-event.js";
import { startAction, stateOf } from "../support/http/cloud-events.js";
import { openTestPostgres } from "../support/database/databases.js";
import { type TestApp, startTestApp } from "../support/app/test-app.js";
import { rawCaller } from "../support/http/raw-call.js";
import { runCli } from "../support/cli.js";

let app: TestApp;
let folder: string;
beforeAll(async () => {
  app = await startTestApp({ database: await openTestPostgres() });
  folder = mkdtempSync(join(tmpdir(), "event-command-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await app.close();
});

const event = (...args: string[]) => runCli(["event", ...args]);
const here = () => ["--url", app.url];

function message(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const PARTS: Omit<EventSpec, "kind"> = {
  id: "one",
  at: new Date("2026-11-25T12:00:00Z"),
  source: undefined,
  bodies: [],
  bucket: undefined,
  key: "第 1+2 课.mp4",
  region: undefined,
};

describe("a built envelope", () => {
  test.each(EVENT_KINDS)("of %s is read back as the message that it was built from", (kind) => {
    const isStored = kind === "cos" || kind === "s3";
    const parts = isStored ? PARTS : { ...PARTS, bodies: ['{"a":1}'] };
    const { messages } = readEvent(buildEvent({ ...parts, kind }));
    const content = isStored
      ? { kind: "object", object: { storage: kind, key: "第 1+2 课.mp4" } }
      : { kind: "action", body: '{"a":1}' };
    expect(messages).toMatchObject([{ content }]);
    const again = readEvent(buildEvent({ ...parts, kind }));
    expect(again.messages).toEqual(messages);
    const other = readEvent(buildEvent({ ...parts, kind, id: "two" }));
    expect(other.messages[0]?.id).not.toBe(messages[0]?.id);
  });

  test.each(["eventbridge", "sqs"] as const)(
    "of an S3 object through %s is read back as S3's event",
    (kind) => {
      const [direct, wrapped] = (["s3", kind] as const).map(
        (each) => readEvent(buildEvent({ ...PARTS, kind: each })).messages[0],
      );
      expect(wrapped).toMatchObject({ id: direct?.id, source: direct?.source });
    },
  );
});

describe("npm run event", () => {
  test("prints the outcome, and a redelivery starts nothing", async () => {
    const { code, output } = await event("cos", "--key", "clip.mp4", "--times", "2", ...here());
    expect([code, output]).toEqual([
      0,
      "delivery 1  messages 1  done 1  ignored 0  dead 0  later 0\ndelivery 2  messages 1  done 1  ignored 0  dead 0  later 0\n",
    ]);
    expect((await stateOf(app)).tasks).toEqual(["clip playing"]);
  });

  test("sends messages, and ends with 1 when one failed", async () => {
    const good = message("good.json", startAction(app, { RoomId: "by-file" }));
    const bad = message("bad.json", "hello");
    const { code, output } = await event("ckafka", "--file", good, "--file", bad, ...here());
    expect([code, output]).toEqual([1, expect.stringContaining("done 1  ignored 0  dead 1")]);
    const sqs = await event("sqs", "--file", good, "--json", ...here());
    expect([sqs.code, sqs.output]).toEqual([0, '{"batchItemFailures":[]}\n']);
  });

  test("shows the event, and sends nothing, with --print", async () => {
    const { code, output } = await event("s3", "--key", "a b.mp4", "--print");
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      Records: [{ eventSource: "aws:s3", s3: { object: { key: "a+b.mp4" } } }],
    });
  });

  test.each<[args: string[], message: string, code?: number]>([
    [[], "name one of cos, s3, ckafka"],
    [["kafka"], "name one of cos, s3, ckafka"],
    [["cos"], "cos needs --key"],
    [["cos", "--bucket", "films", "--key", "a"], "has its APPID"],
    [["sqs"], "sqs needs --file"],
    [["sqs", "--file", "there-is-none.json"], "the file there-is-none.json does not exist"],
    [["cos", "--key", "a", "--times", "0"], "--times must be a number"],
    [["cos", "--key", "a", "--url", "http://127.0.0.1:1"], "no answer at http://127.0.0.1:1", 1],
    [["cos", "--halp"], "--halp"],
  ])(
    "ends with 2 for %j, and with 1 without an answer",
    async (args, words, expected = 2) => {
      const { code, output } = await event(...args);
      expect([code, output]).toEqual([expected, expect.stringContaining(words)]);
      expect(output).not.toMatch(/^\s+at /m);
    },
    30_000,
  );

  test("lists its flags with --help", async () => {
    const { code, output } = await event("--help");
    expect(code).toBe(0);
    for (const word of [...EVENT_KINDS, "--bucket", "--times", "--print"]) {
      expect(output).toContain(word);
    }
  });
});

describe("the local endpoint for events", () => {
  const post = (headers: Record<string, string>, body = "{}", path = "cloud-event") =>
    fetch(`${app.url}/_local/events/${path}`, { method: "POST", headers, body });
  const JSON_TYPE = { "content-type": "application/json" };

  test("answers with the function's error", async () => {
    const answer = await post(JSON_TYPE);
    expect(await answer.json()).toEqual({
      thrown: expect.stringContaining(
        "UnknownEventError: The event comes from none of the sources",
      ),
    });
  });

  test("refuses a web page, and another name of this machine", async () => {
    expect((await post({ "content-type": "text/plain" })).status).toBe(403);
    const path = "/_local/events/cloud-event";
    const headers = { ...JSON_TYPE, host: "evil.example" };
    const answer = await rawCaller(app.url).raw({ path, headers, body: "{}" });
    expect(answer.status).toBe(403);
  });

  test("refuses functions with a URL, and a body that is not JSON", async () => {
    expect((await post(JSON_TYPE, "{}", "start-ingest")).status).toBe(404);
    expect((await post(JSON_TYPE, "{")).status).toBe(400);
  });
});
