/** The connection of a start: opened while its row is written, new, and closed without a call. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get as getByTls } from "node:https";
import { get, type Agent, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import {
  CERTIFICATE,
  certificateIn,
  KEY,
  writeCertificate,
} from "../../bench/network/certificate.js";
import { systemClock as clock } from "../../shared/clock.js";
import { startIngest } from "../../shared/ingest/start/start.js";
import type { Services } from "../../shared/ingest/services.js";
import { callInSlot } from "../../shared/ingest/trtc-call.js";
import { makeServices } from "../../shared/runtime/services.js";
import type { Database } from "../../shared/store/engine/database.js";
import { makeConnections, NEW_FOR_MS } from "../../shared/trtc/connections.js";
import { CN_APP, SECRET_ID, startTestApp, type TestApp } from "../support/app/test-app.js";
import { runScript } from "../support/app/process.js";
import { type DatabaseProxy, startDatabaseProxy } from "../support/database/database-proxy.js";
import { startRawServer } from "../support/http/raw-server.js";
import { describeWith } from "../support/needed.js";
import { hasOpenssl } from "../support/programs.js";

let app: TestApp;
let wire: DatabaseProxy;
let services: Services;
/** Runs before each statement of the services. */
let beforeStatement: (text: string) => Promise<void>;

beforeAll(async () => {
  app = await startTestApp();
  wire = await startDatabaseProxy(app.trtcUrl);
  const database: Database = {
    ...app.database,
    async query(text, parameters) {
      await beforeStatement(text);
      return app.database.query(text, parameters);
    },
  };
  const config = { ...app.services.config, trtcEndpoint: wire.url };
  services = makeServices({ config, database, log: app.services.log });
  await services.trtc.ready();
});
beforeEach(async () => {
  beforeStatement = () => Promise.resolve();
  await app.database.query("delete from ingest");
});
afterAll(async () => {
  services.trtc.close();
  await wire.close();
  await app.close();
});

const start = (RoomId: string) => {
  const caller = services.config.callers.get(SECRET_ID);
  const application = services.config.applications.get(CN_APP);
  if (!caller || !application) throw new Error("there is no caller");
  const fields = { SdkAppId: CN_APP, RoomId, RoomIdType: 0 as const, ClientToken: RoomId };
  const request = { ...fields, StreamUrl: app.clip, RepeatNum: -1 };
  return startIngest(services, { caller, request, application, timeLeftMs: () => 30_000 });
};

const isInsert = (text: string): boolean => text.includes("insert into ingest");

/** Waits until TRTC has had so many connections. */
async function connected(ever: number): Promise<void> {
  while (wire.connections().ever < ever) await clock.sleep(5);
}

async function noneOpen(): Promise<void> {
  while (wire.connections().open > 0) await clock.sleep(5);
}

describe("the connection of a start", () => {
  test("is open before its row is written, and is its only one", async () => {
    const { ever } = wire.connections();
    beforeStatement = (text) => (isInsert(text) ? connected(ever + 1) : Promise.resolve());

    await start("ahead");

    expect(wire.connections().ever).toBe(ever + 1);
  });

  test("is closed where the start has been made before", async () => {
    await start("again");
    await noneOpen();
    const { ever } = wire.connections();
    const calls = app.trtc.calls("StartStreamIngest");
    beforeStatement = (text) => (isInsert(text) ? connected(ever + 1) : Promise.resolve());

    await start("again");

    await noneOpen();
    expect(app.trtc.calls("StartStreamIngest")).toBe(calls);
  });

  test("is closed where the database fails", async () => {
    const { ever } = wire.connections();
    beforeStatement = async (text) => {
      if (!isInsert(text)) return;
      await connected(ever + 1);
      throw new Error("the database is away");
    };

    await expect(start("without-row")).rejects.toThrow();
    await noneOpen();
  });

  test("is replaced where TRTC closes it before the call", async () => {
    const { ever } = wire.connections();
    const calls = app.trtc.calls("StartStreamIngest");
    beforeStatement = async (text) => {
      if (!isInsert(text)) return;
      await connected(ever + 1);
      wire.cut();
      await noneOpen();
    };

    await expect(start("cut")).resolves.toHaveProperty("TaskId");

    expect(wire.connections().ever).toBe(ever + 2);
    expect(app.trtc.calls("StartStreamIngest")).toBe(calls + 1);
  });
});

test("a start whose slot is far opens its connection a second before", async () => {
  const { ever } = wire.connections();
  let leftMs = 5000;
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
    leftMs -= ms;
    await (leftMs > 0 ? noneOpen() : connected(ever + 1));
  };

  const starting = callInSlot(
    { ...services, clock: { ...services.clock, sleep } },
    "StartStreamIngest",
    {
      ingest: { account: "cn", site: "cn", region: "ap-guangzhou" },
      request: { SdkAppId: CN_APP, RoomId: "far", RoomIdType: 0, UserId: "u", UserSig: "s" },
      slot: { msUntil: () => leftMs },
      timeLeftMs: () => 30_000,
    },
  );

  await expect(starting).rejects.toMatchObject({ outcome: "refused" });
  expect(slept).toEqual([4000, 1000]);
  expect(wire.connections().ever).toBe(ever + 1);
});

test("a connection without a call closes by itself", async () => {
  const { ever } = wire.connections();
  services.trtc.openAhead({ account: "cn", host: "any", region: "ap-guangzhou" });
  await connected(ever + 1);
  const openedMs = clock.elapsedMs();
  await noneOpen();
  expect(clock.elapsedMs() - openedMs).toBeGreaterThan(NEW_FOR_MS / 2);
});

const finished = (answer: IncomingMessage) => once(answer.resume(), "end");

async function answered(url: string, agent: Agent): Promise<void> {
  const [answer] = (await once(get(url, { agent }), "response")) as [IncomingMessage];
  await finished(answer);
}

describe("a connection that was opened ahead", () => {
  test("is not used when it is no longer new, as after a freeze", async () => {
    let nowMs = 1_000_000;
    const server = await startRawServer((_, socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const proxy = await startDatabaseProxy(server.urlOf("/"));
    const connections = makeConnections(true, () => nowMs);
    const use = async (ageMs: number): Promise<number> => {
      const { ever } = proxy.connections();
      connections.openAhead(new URL(proxy.url).host);
      while (proxy.connections().ever === ever) await clock.sleep(5);
      nowMs += ageMs;
      await answered(proxy.url, connections.fresh);
      return proxy.connections().ever - ever;
    };

    expect(await use(NEW_FOR_MS - 1)).toBe(1);
    expect(await use(NEW_FOR_MS)).toBe(2);
    // The clock was set back, so its age is not known.
    expect(await use(-1)).toBe(2);

    connections.close();
    await proxy.close();
    await server.close();
  });

  test("goes to its own host and port only", async () => {
    const server = await startRawServer((_, socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const [one, other] = [
      await startDatabaseProxy(server.urlOf("/")),
      await startDatabaseProxy(server.urlOf("/")),
    ];
    const connections = makeConnections(true);
    connections.openAhead(new URL(one.url).host);

    await answered(other.url, connections.fresh);

    expect(other.connections().ever).toBe(1);
    connections.close();
    for (const { close } of [one, other, server]) await close();
  });
});

describeWith({ isThere: hasOpenssl, program: "openssl" }, "a connection by TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  let server: TlsServer;
  let reused: boolean[];
  beforeEach(async () => {
    server = await startTlsServer();
  });
  afterEach(() => {
    server.close();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function startTlsServer(): Promise<TlsServer> {
    writeCertificate(folder);
    reused = [];
    const [key, cert] = [KEY, CERTIFICATE].map((file) => readFileSync(join(folder, file)));
    const tls = createTlsServer({ key, cert }, (socket) => {
      reused.push(socket.isSessionReused());
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    });
    tls.on("tlsClientError", () => undefined);
    tls.listen(0, "127.0.0.1");
    await once(tls, "listening");
    return tls;
  }

  const hostOf = (tls: TlsServer) => `localhost:${(tls.address() as AddressInfo).port}`;

  test("resumes the session of the one before", async () => {
    // Node.js reads further certificates when it starts.
    const env = { NODE_EXTRA_CA_CERTS: certificateIn(folder) };
    const asked = await runScript("test/support/ask-twice.ts", env, [hostOf(server)]);
    expect(asked).toMatchObject({ code: 0 });
    expect(reused).toEqual([false, true]);
  });

  test("refuses a certificate that nothing vouches for", async () => {
    const connections = makeConnections(false);
    connections.openAhead(hostOf(server));
    const request = getByTls(`https://${hostOf(server)}/`, { agent: connections.fresh });
    const [error] = (await once(request, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    connections.close();
  });
});
