/** A web page in the user's browser can do nothing to `npm start`, on any path. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Browser } from "playwright-core";
import { LOCAL_CALLER } from "../../local/environment/local-environment.js";
import { type LocalRuntime, startLocal } from "../../local/runtime.js";
import { readTruth } from "../../local/emulator-truth.js";
import { isJson } from "../../emulator/api/foreign.js";
import { unixSeconds, systemClock as clock } from "../../shared/clock.js";
import { signV1 } from "../support/http/sign-v1.js";
import { describeInBrowser, openPage, startBrowser } from "../support/app/browser.js";
import { CN_APP, startTestEmulator } from "../support/http/emulator-client.js";
import { type Raw, rawCaller } from "../support/http/raw-call.js";

let runtime: LocalRuntime;
beforeAll(async () => {
  runtime = await startLocal({ env: {}, port: 0, trtcPort: 0, log: () => undefined });
});
afterAll(() => runtime.close());

const JSON_TYPE = { "content-type": "application/json" };
const HTML = { accept: "text/html" };

/** A start by GET, signed with the published key: a web page can compute it. */
function signedQuery(): string {
  const parameters = {
    Action: "StartStreamIngest",
    Version: "2019-07-22",
    Region: "ap-singapore",
    Nonce: "7",
    Timestamp: String(unixSeconds(clock.now())),
    SecretId: LOCAL_CALLER.Id,
    SdkAppId: String(CN_APP),
    RoomId: "by-a-page",
    RoomIdType: "0",
    StreamUrl: `${runtime.trtcUrl}/media/clip.mp4`,
  };
  const signed = { method: "GET", host: new URL(runtime.url).host, parameters };
  const Signature = signV1(signed, LOCAL_CALLER.SecretKey).signature;
  return new URLSearchParams({ ...parameters, Signature }).toString();
}

type Where = "gateway" | "emulator";

const PATHS: [Where, string, Raw][] = [
  ["gateway", "the api", { path: "/" }],
  ["gateway", "a function", { path: "/list-ingests", headers: JSON_TYPE, body: "{}" }],
  ["gateway", "a path that is none", { method: "GET", path: "/nothing" }],
  ["gateway", "events", { path: "/_local/events/cloud-event", headers: JSON_TYPE, body: "{}" }],
  ["gateway", "callbacks", { path: "/room-callback", headers: JSON_TYPE, body: "{}" }],
  ["emulator", "the API", { path: "/", headers: JSON_TYPE, body: "{}" }],
  ["emulator", "the list of rooms", { method: "GET", path: "/", headers: HTML }],
  ["emulator", "a room", { method: "GET", path: "/rooms/0/lobby", headers: HTML }],
  ["emulator", "a script", { method: "GET", path: "/page/room.js" }],
  ["emulator", "the rooms as JSON", { method: "GET", path: "/_emulator/rooms" }],
  ["emulator", "the tasks", { method: "GET", path: "/_emulator/tasks" }],
  ["emulator", "the clock", { path: "/_emulator/clock", headers: JSON_TYPE, body: "{}" }],
  ["emulator", "the faults", { path: "/_emulator/faults", headers: JSON_TYPE, body: "[]" }],
  ["emulator", "the switches", { method: "PUT", path: "/_emulator/switches", body: "{}" }],
  ["emulator", "media", { method: "GET", path: "/media/clip.mp4" }],
  ["emulator", "the relay", { method: "GET", path: "/rooms/0/lobby/media" }],
];

const urlOf = (where: Where) => (where === "gateway" ? runtime.url : runtime.trtcUrl);
const portOf = (where: Where) => new URL(urlOf(where)).port;

const statusOf = async (where: Where, call: Raw, more: Record<string, string>) => {
  const headers = { ...call.headers, ...more };
  return (await rawCaller(urlOf(where)).raw({ ...call, headers })).status;
};

const FOREIGN_HOSTS = [
  ...["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example"],
  ...["192.168.1.7:3000", "0.0.0.0:3000", "[::]:3000", "app.localhost:3000", "128.0.0.1", "[::2]"],
];
const FOREIGN_ORIGINS = [
  ...["null", "http://evil.example", "https://127.0.0.1:3000", "http://127.0.0.1:1"],
  ...["http://localhost", "file://", "chrome-extension://abc", "http://127.0.0.1.evil.example"],
];

describe.each(PATHS)("%s: %s", (where, _what, call) => {
  test.each(FOREIGN_HOSTS)("is refused under the Host %s", async (host) => {
    expect(await statusOf(where, call, { host })).toBe(403);
  });

  test.each(FOREIGN_ORIGINS)("is refused to a page of the Origin %s", async (origin) => {
    expect(await statusOf(where, call, { origin })).toBe(403);
  });

  test.each(["cross-site", "same-site", "anything"])(
    "is refused with Sec-Fetch-Site: %s",
    async (site) => {
      const more = { "sec-fetch-site": site, "sec-fetch-mode": "no-cors" };
      expect(await statusOf(where, call, more)).toBe(403);
      const frame = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" };
      expect(await statusOf(where, call, { "sec-fetch-site": site, ...frame })).toBe(403);
    },
  );

  test.each(["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.9.9.9"])(
    "is open under the Host %s, with and without a port",
    async (name) => {
      for (const host of [name, `${name}:${portOf(where)}`]) {
        expect(await statusOf(where, call, { host })).not.toBe(403);
        const own = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
        expect(await statusOf(where, call, own)).not.toBe(403);
        expect(await statusOf(where, call, { host, "sec-fetch-site": "none" })).not.toBe(403);
      }
    },
  );
});

describe("a link to a page", () => {
  const LINK = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };
  const statusAt = (path: string, headers: Record<string, string> = {}) =>
    statusOf("emulator", { method: "GET", path }, { ...LINK, ...headers });

  test("opens it from anywhere", async () => {
    expect(await statusAt("/", HTML)).toBe(200);
    expect(await statusAt("/rooms/0/lobby", HTML)).toBe(200);
  });

  test("opens no API, data or media, and nothing of the gateway", async () => {
    for (const path of ["/", "/?Action=StartStreamIngest", "/_emulator/tasks", "/media/clip.mp4"]) {
      expect(await statusAt(path)).toBe(403);
    }
    expect(await statusAt("/rooms/0/lobby/media")).toBe(403);
    const path = `/?${signedQuery()}`;
    expect(await statusOf("gateway", { method: "GET", path }, { ...LINK, ...HTML })).toBe(403);
  });
});

describe("what is refused says what to send", () => {
  test.each([
    [{ host: "evil.example" }, "send the request to 127.0.0.1, localhost or [::1]"],
    [{ origin: "null" }, "Send no Origin"],
    [{ "sec-fetch-site": "cross-site" }, "web pages may not call"],
  ])("%j", async (headers: Record<string, string>, words) => {
    for (const where of ["gateway", "emulator"] as const) {
      const { text } = await rawCaller(urlOf(where)).raw({ path: "/", headers });
      expect(text).toContain(words);
    }
  });
});

describe("the emulator's handles take JSON only", () => {
  const FORMS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""];

  test.each(FORMS)("and refuse what a form can send: %j", async (type) => {
    const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
    const before = await (await fetch(`${runtime.trtcUrl}/_emulator/clock`)).json();
    for (const [path, body] of [
      ["/_emulator/clock", '{"advanceSeconds":604800}'],
      ["/_emulator/faults", '{"action":"*","kind":"hang"}'],
    ] as const) {
      const answer = await rawCaller(runtime.trtcUrl).raw({ path, headers, body });
      expect(answer).toMatchObject({ status: 415 });
      expect(answer.text).toContain("Content-Type: application/json");
    }
    const { offsetSeconds } = (await (
      await fetch(`${runtime.trtcUrl}/_emulator/clock`)
    ).json()) as { offsetSeconds: number };
    expect(offsetSeconds).toBe((before as { offsetSeconds: number }).offsetSeconds);
    expect(await (await fetch(`${runtime.trtcUrl}/_emulator/faults`)).json()).toEqual({
      faults: [],
    });
  });

  test.each([
    ["application/json", true],
    ["Application/JSON; charset=utf-8", true],
    ["application/json ;charset=UTF-8", true],
    ["application/jsonp", false],
    ["text/plain; application/json", false],
    ["text/plain, application/json", false],
    ["", false],
  ])("%j is JSON: %s", (type, expected) => {
    expect(isJson(type)).toBe(expected);
  });
});

test("an emulator that serves other machines takes any Host, and no page of another origin", async () => {
  const emulator = await startTestEmulator({ allowRemote: true });
  const ask = async (headers: Record<string, string>) =>
    (await rawCaller(emulator.url).raw({ method: "GET", path: "/_emulator/tasks", headers }))
      .status;
  expect(await ask({ host: "emulator:3001" })).toBe(200);
  expect(await ask({ host: "emulator:3001", origin: "http://emulator:3001" })).toBe(200);
  expect(await ask({ host: "emulator:3001", origin: "http://evil.example" })).toBe(403);
  expect(await ask({ host: "emulator:3001", "sec-fetch-site": "cross-site" })).toBe(403);
  await emulator.close();
});

describeInBrowser("a page of another origin, in a real browser", () => {
  let browser: Browser;
  let stranger: Server;
  let strangerUrl: string;
  beforeAll(async () => {
    browser = await startBrowser();
    stranger = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<title>a stranger</title>");
    }).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser.close();
    stranger.close();
  });

  test("starts nothing, moves no clock and sets no fault", async () => {
    const { page } = await openPage(browser, strangerUrl);
    const { url, trtcUrl } = runtime;
    const calls = [
      [`${url}/?${signedQuery()}`, {}],
      [`${trtcUrl}/_emulator/clock`, { method: "POST", body: '{"advanceSeconds":60}' }],
      [`${trtcUrl}/_emulator/faults`, { method: "POST", body: '{"action":"*","kind":"hang"}' }],
    ] as const;
    for (const [target, init] of calls) {
      const outcome = await page.evaluate(
        ([to, how]) => fetch(to, { ...how, mode: "no-cors" }).then((answer) => answer.type),
        [target, init] as const,
      );
      expect(outcome).toBe("opaque");
    }
    expect(await readTruth(trtcUrl).tasks()).toEqual([]);
    const clockNow = await (await fetch(`${trtcUrl}/_emulator/clock`)).json();
    expect(clockNow).toMatchObject({ offsetSeconds: 0 });
    expect(await (await fetch(`${trtcUrl}/_emulator/faults`)).json()).toEqual({ faults: [] });
    // The same request from a local program is served, so the refusal was because of the page.
    expect(await (await fetch(`${url}/?${signedQuery()}`)).text()).toContain("ing-");
    expect(await readTruth(trtcUrl).tasks()).toMatchObject([{ roomId: "by-a-page" }]);
  });
});
