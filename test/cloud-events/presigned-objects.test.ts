/** A presigned URL's signature gives the right to read an object. Only TRTC receives it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DEFAULT_ACCOUNTS, DEFAULT_SECRET_ID } from "../../emulator/defaults.js";
import { MINUTE_MS } from "../../shared/clock.js";
import { verifyCosUrl, verifyS3Url } from "../support/http/verify-presigned.js";
import { type Batch, fixture, deadLettersOf, send } from "../support/http/cloud-events.js";
import { openTestPostgres } from "../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp, SECRET_ID } from "../support/app/test-app.js";

const STORAGE = { Account: "storage", SecretId: "AKIDstorage", SecretKey: "the-storage-secret" };
const TOKEN = "the-session-token";
const RULE = { Caller: SECRET_ID, RoomId: "room", RoomIdType: 0, Account: "storage" };
const CALLER = { Id: SECRET_ID, SecretKeys: ["local-secret-key"], SdkAppIds: [CN_APP] };

let app: TestApp;

async function open(
  rule: object = { RepeatNum: -1, MaxDuration: 20 },
  endpoint?: string,
): Promise<TestApp> {
  const SecretKey = DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey;
  const local = { Account: "cn", SecretId: DEFAULT_SECRET_ID, SecretKey };
  const env = {
    CALLERS: JSON.stringify([{ ...CALLER, MaxDuration: 120 }]),
    RULES: JSON.stringify(
      ["media-1250000000", "media"].map((Bucket) => ({ ...RULE, ...rule, Bucket })),
    ),
    TRTC_ACCOUNTS: JSON.stringify([local, { ...STORAGE, Token: TOKEN }]),
    TRTC_TIMEOUT_SECONDS: "5",
  };
  const database = await openTestPostgres();
  return startTestApp({ env, database, trtcEndpoint: (url) => endpoint ?? url });
}

beforeEach(async () => {
  app = await open();
});
afterEach(() => app.close());

const sent = (action: "StartStreamIngest" | "UpdateStreamIngest" = "StartStreamIngest") =>
  app.trtc.bodies(action).map(({ StreamUrl }) => StreamUrl as string | undefined);

const SIGNED = /q-sign|q-ak|X-Amz|security-token|the-session-token|AKIDstorage/i;

/** Everything that the database stores: each table as text. */
async function written(): Promise<string> {
  const tables = await app.database.query(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  const texts = await Promise.all(
    tables.map(({ name }) => app.database.query(`select t::text as row from ${String(name)} t`)),
  );
  return JSON.stringify(texts);
}

const CLOUDS = [
  ["cos-created", "https://media-1250000000.cos.ap-chengdu.myqcloud.com/clip.mp4", verifyCosUrl],
  ["s3-created", "https://media.s3.us-west-2.amazonaws.com/clip.mp4", verifyS3Url],
] as const;

describe.each(CLOUDS)("an object of %s", (name, address, verify) => {
  test("is sent to TRTC with a signature, and shown without it", async () => {
    await send(app, fixture(name, app));
    expect(sent()).toEqual([expect.stringContaining(`${address}?`)]);
    expect(sent()[0]).toMatch(SIGNED);
    const { response: listed } = await app.post("list-ingests", {});
    const [ingest] = listed["Ingests"] as { TaskId: string; StreamUrl: string }[];
    expect(ingest?.StreamUrl).toBe(address);
    const { response } = await app.post("describe-ingest", { TaskId: ingest?.TaskId });
    expect(response["StreamUrl"]).toBe(address);
    const shown = [await written(), app.logLines, listed, response].map((each) =>
      JSON.stringify(each),
    );
    expect(shown.join()).toContain("clip.mp4");
    expect(shown.join()).not.toMatch(SIGNED);
  });

  test("is sent to TRTC without our own fields", async () => {
    await send(app, fixture(name, app));
    expect(Object.keys(app.trtc.bodies("StartStreamIngest")[0] ?? {})).not.toContain("Stored");
  });

  test("is signed until the latest deadline", async () => {
    await app.close();
    app = await open({ MaxDuration: 20 });
    await send(app, fixture(name, app));
    const [row] = await app.database.query("select latest_at, deadline_at from ingest");
    const latestAt = row?.["latest_at"] as Date;
    expect(latestAt.getTime() - (row?.["deadline_at"] as Date).getTime()).toBe(100 * MINUTE_MS);
    expect(verify(sent()[0] ?? "", STORAGE.SecretKey, latestAt)).toEqual({ ok: true });
  });

  test("is signed again when a lost start is repeated", async () => {
    app.trtc.next("StartStreamIngest", "lose-answer");
    const event = fixture(name, app);
    // The first delivery loses its answer, and the repeated event continues the start.
    await send(app, event).catch(() => undefined);
    await app.services.clock.sleep(1100);
    expect(await send(app, event)).toMatchObject({ done: 1 });
    const [first, second] = sent();
    expect(second).not.toBe(first);
    expect(second?.startsWith(`${address}?`)).toBe(true);
    const [row] = await app.database.query("select state, latest_at from ingest");
    expect(row?.["state"]).toBe("running");
    expect(verify(second ?? "", STORAGE.SecretKey, row?.["latest_at"] as Date)).toEqual({
      ok: true,
    });
    expect(await written()).not.toMatch(SIGNED);
  });

  test("that TRTC refuses leaves no signature in rows, logs and answers, even when TRTC repeats the URL", async () => {
    const trtc = createServer((request, response) => {
      void text(request).then((body) => {
        const { StreamUrl } = JSON.parse(body) as { StreamUrl: string };
        const Error = { Code: "InvalidParameter.StreamUrl", Message: `cannot play ${StreamUrl}` };
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ Response: { Error, RequestId: "r" } }));
      });
    });
    await once(trtc.listen(0, "127.0.0.1"), "listening");
    await app.close();
    const { port } = trtc.address() as AddressInfo;
    app = await open({ RepeatNum: -1 }, `http://127.0.0.1:${port}`);
    await send(app, fixture(name, app));
    const deadLetters = await deadLettersOf(app);
    expect(deadLetters.map(({ code }) => code)).toEqual(["InvalidParameter.StreamUrl"]);
    expect(await written()).toContain("cannot play");
    expect([await written(), ...app.logLines].join()).not.toMatch(SIGNED);
    trtc.close();
    trtc.closeAllConnections();
  });
});

test("an object is played although the database cannot store its key as text", async () => {
  const event = fixture("cos-created", app) as Batch & {
    Records: [{ cos: { cosObject: { key: string } } }];
  };
  event.Records[0].cos.cosObject.key = "/1250000000/media/a\u0000b 100%.mp4";
  expect(await send(app, event)).toMatchObject({ done: 1 });
  expect(sent()[0]).toContain(".myqcloud.com/a%00b%20100%25.mp4?");
});

test("an update to another source replaces the object, and is not signed", async () => {
  await send(app, fixture("cos-created", app));
  const [row] = await app.database.query("select task_id from ingest");
  const TaskId = row?.["task_id"];
  await app.post("update-ingest", { TaskId, Volume: 10 });
  expect(sent("UpdateStreamIngest")).toEqual([undefined]);
  // The caller's own query, so the caller may see it.
  const StreamUrl = `${app.clip}?token=of-the-caller`;
  await app.post("update-ingest", { TaskId, StreamUrl });
  expect(sent("UpdateStreamIngest")).toEqual([undefined, StreamUrl]);
  const { response } = await app.post("describe-ingest", { TaskId });
  expect(response["StreamUrl"]).toBe(StreamUrl);
  const [after] = await app.database.query("select play -> 'Stored' as stored from ingest");
  expect(after?.["stored"]).toBeNull();
  expect(app.logLines.join()).not.toContain("of-the-caller");
});
