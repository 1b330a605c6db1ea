/** The functions as one server in this process, on PostgreSQL, beside the emulator. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { type RunningServer, startServer } from "../../server/server.js";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { openToMigrate } from "../../shared/store/engine/postgres.js";
import { migrate } from "../../shared/store/schema/migrate.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { type Emulator, startEmulator } from "../../emulator/server.js";
import { newlyMigratedUrl, newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { answerToBytes, expectRefusal, UNREADABLE } from "../support/http/raw-call.js";

let emulator: Emulator;
let env: Environment;

beforeAll(async () => {
  emulator = await startEmulator({
    port: 0,
    accounts: DEFAULT_ACCOUNTS,
    applications: DEFAULT_APPLICATIONS,
  });
  const DATABASE_URL = await newlyMigratedUrl();
  env = { ...localEnvironment({}, emulator.url), DATABASE_URL };
});
afterAll(() => emulator.close());

const serve = (more: Environment = {}): Promise<RunningServer> =>
  startServer({
    env: { ...env, ...more },
    host: "127.0.0.1",
    port: 0,
    connections: 4,
    log: () => undefined,
  });
const request = (fields: object = {}) => ({
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  StreamUrl: `${emulator.url}/media/clip.mp4`,
  RepeatNum: -1,
  MaxDuration: 10,
  ...fields,
});

describe("a server", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.drain());

  test("starts, lists and stops an ingest at the functions' paths", async () => {
    const { status, response } = await post(`${server.url}/start-ingest`, request());
    expect([status, response.Error]).toEqual([200, undefined]);
    const listed = await post(`${server.url}/list-ingests`, {});
    expect(JSON.stringify(listed.response)).toContain(response["TaskId"]);
    const stop = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    expect((await post(`${server.url}/stop-ingest`, stop)).response.Error).toBeUndefined();
  });

  test("ends an ingest at its deadline by its own timers", async () => {
    const StopTime = new Date(clock.now().getTime() + 3 * SECOND_MS).toISOString();
    const { response } = await post(
      `${server.url}/start-ingest`,
      request({ MaxDuration: undefined, StopTime }),
    );
    const describe = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    const untilMs = clock.elapsedMs() + 20 * SECOND_MS;
    const state = async () =>
      (await post(`${server.url}/describe-ingest`, describe)).response["EndReason"];
    while ((await state()) === null && clock.elapsedMs() < untilMs) await clock.sleep(200);
    expect(await state()).toBe("expired");
  });

  test.each(UNREADABLE)("refuses in Tencent's form: %s", async (_, bytes, status, code) => {
    expectRefusal(await answerToBytes(server.url, bytes), { status, code });
  });

  test.each(["/live", "/ready"])("answers %s without a key", async (path) => {
    expect((await fetch(`${server.url}${path}`)).status).toBe(200);
  });

  test("has no paths of a run on one machine", async () => {
    for (const path of ["/_local/events/expire-ingests", "/_local/desk"]) {
      const { status } = await fetch(`${server.url}${path}`, { method: "POST", body: "{}" });
      expect({ path, status }).toEqual({ path, status: 404 });
    }
  });

  test("takes a Host that is not this machine, because a proxy passes on its own", async () => {
    const answer = await rawGet(server.url, "GET /live HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe("a drain", () => {
  test("says that it is not ready, finishes what is under way, and ends", async () => {
    const server = await serve();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const closed = once(socket, "close");
    const answers: string[] = [];
    socket.on("data", (chunk: Buffer) => answers.push(chunk.toString()));
    // The connection is in use: its request is not complete yet.
    socket.write("POST /list-ingests HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
    await clock.sleep(100);
    const beganMs = clock.elapsedMs();
    const drained = server.drain();
    socket.write("{}");
    await Promise.all([drained, closed]);
    expect(answers.join("")).toContain("HTTP/1.1 401");
    expect(answers.join("").toLowerCase()).toContain("connection: close");
    expect(clock.elapsedMs() - beganMs).toBeLessThan(10 * SECOND_MS);
    await expect(fetch(`${server.url}/live`)).rejects.toThrow();
  });

  test("answers 503 to /ready at once, and still serves callers", async () => {
    const server = await serve();
    const drained = server.drain();
    const ready = await fetch(`${server.url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: "draining" }]);
    expect((await fetch(`${server.url}/live`)).status).toBe(200);
    expect((await post(`${server.url}/list-ingests`, {})).status).toBe(200);
    await drained;
  });

  test("refuses a request that comes too late on an open connection", async () => {
    const server = await serve();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const answer = once(socket, "data") as Promise<[Buffer]>;
    socket.write("POST /list-ingests HTTP/1.1\r\nHost: x\r\nContent-Le");
    const drained = server.drain();
    await clock.sleep(4500);
    socket.write("ngth: 2\r\n\r\n{}");
    expect((await answer).toString()).toMatch(/^HTTP\/1\.1 503 [^]*send the request again/);
    await drained;
  });

  test("may be asked for twice", async () => {
    const server = await serve();
    await Promise.all([server.drain(), server.drain()]);
  });
});

describe("no server starts", () => {
  test("without PostgreSQL", async () => {
    await expect(serve({ DATABASE_URL: undefined })).rejects.toThrow(
      "DATABASE_URL is not set: a server needs PostgreSQL",
    );
  });

  test("on a database of an older version, and says what to run", async () => {
    const url = await newPostgresUrl({ template: "template1" });
    await expect(serve({ DATABASE_URL: url })).rejects.toThrow("run `npm run migrate`");
    const database = openToMigrate(url);
    await migrate(database);
    await database.close();
    const server = await serve({ DATABASE_URL: url });
    await server.drain();
  });

  test("with a wrong cron line", async () => {
    await expect(serve({ EXPIRY_CRON: "*/5 * * * *" })).rejects.toThrow(
      "is not a cron line of SCF",
    );
  });

  test("with a wrong setting", async () => {
    await expect(serve({ CALLERS: "[{}]" })).rejects.toThrow("CALLERS");
  });
});

test("a server without its database runs, and is not ready", async () => {
  const server = await serve({ DATABASE_URL: "postgres://nobody:x@127.0.0.1:9/none" });
  expect((await fetch(`${server.url}/live`)).status).toBe(200);
  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  await server.drain();
});

function rawGet(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.once("data", (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk.toString());
    });
    socket.once("error", reject);
  });
}
