/** The functions' reader goes to public hosts only: each address is judged when it is connected to. */
import type { LookupFunction } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openBudget } from "../../shared/media/budget.js";
import type { Visitor } from "../../shared/media/http/bounded-fetch.js";
import { readHttp } from "../../shared/media/http/read-http.js";
import { publicGet } from "../../shared/media/public-get.js";
import { readSource } from "../../shared/media/reader.js";
import { CLIP, sample } from "../support/media/media.js";
import { startRawServer } from "../support/http/raw-server.js";
import { type MediaServer, startMediaServer } from "../support/media/media-server.js";

const LIMITS = { allowPrivateHosts: false, timeLeftMs: 20_000, timeMaxMs: 20_000 };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
  server.put("/clip.mp4", CLIP);
  server.put("/small-0.m2ts", sample("small-0.m2ts"));
});
afterAll(() => server.close());

/** DNS for tests: every name has these addresses. */
const meaning =
  (...addresses: string[]): LookupFunction =>
  (_name, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };

const PRIVATE = {
  outcome: "unreachable",
  media: null,
  message:
    "TRTC would not play StreamUrl: It leads to a private host. Send a URL that answers with the media, or leave ProbeSource out to let TRTC try it.",
};

const onPort = (host: string, path: string): string => {
  const { port } = new URL(server.urlOf("/"));
  return `http://${host}:${port}${path}`;
};

test.each([
  ["loopback", ["127.0.0.1"]],
  ["a private network", ["10.0.0.4"]],
  ["where a cloud keeps its credentials", ["169.254.169.254"]],
  ["loopback in IPv6", ["::1"]],
  ["a public address and a private one", ["8.8.8.8", "127.0.0.1"]],
  ["nothing", []],
])("a public name that means %s is not connected to", async (_what, addresses) => {
  const url = onPort("media.example.com", "/clip.mp4");
  const before = server.requests("/clip.mp4");

  expect(await readSource(url, { ...LIMITS, lookup: meaning(...addresses) })).toEqual(PRIVATE);
  expect(server.requests("/clip.mp4")).toBe(before);
});

test.each(["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "metadata.tencentyun.com"])(
  "%s is not connected to",
  async (host) => {
    expect(await readSource(onPort(host, "/clip.mp4"), LIMITS)).toEqual(PRIVATE);
  },
);

test("where private hosts are allowed, a name may mean loopback", async () => {
  const url = onPort("media.example.com", "/clip.mp4");
  const lookup = meaning("127.0.0.1");

  const verdict = await readSource(url, { ...LIMITS, allowPrivateHosts: true, lookup });

  expect(verdict).toMatchObject({ outcome: "ok" });
});

test.each([
  ["line ends of LF alone", "HTTP/1.1 200 OK\nServer: cam\n\n"],
  ["ICY 200 OK", "ICY 200 OK\r\nicy-name: Radio\r\n\r\n"],
  ["a length twice", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
  ["a head of 20 kB", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
])("a device that answers with %s is read, as TRTC may play it", async (_what, head) => {
  const raw = await startRawServer((_request, socket) => {
    socket.write(head);
    socket.end(CLIP);
  });
  const open = { ...LIMITS, allowPrivateHosts: true };
  const verdict = await readSource(raw.urlOf("/clip.mp4"), open);
  await raw.close();
  expect(verdict).toMatchObject({ outcome: "ok" });
});

describe("after a first address that was public", () => {
  /** The test's server counts as public at these paths only. */
  async function readFrom(path: string, publicPaths: readonly string[]): Promise<unknown> {
    const budget = openBudget({ bytesMax: 2_000_000, timeLimitMs: 20_000 });
    const visitor: Visitor = {
      redirectsMax: 5,
      get: (url, asked) =>
        publicGet({ allowPrivateHosts: publicPaths.includes(url.pathname) })(url, asked),
    };
    const opened = readHttp(server.urlOf(path), budget, visitor);
    return opened.catch((error: unknown) => budget.explain(error)).finally(() => budget.close());
  }

  const LEADS = { reason: "unreachable", message: "It leads to a private host." };

  test("a redirect to a private one is refused", async () => {
    redirect("/moved.mp4", "/clip.mp4");

    expect(await readFrom("/moved.mp4", ["/moved.mp4"])).toMatchObject(LEADS);
    expect(await readFrom("/moved.mp4", ["/moved.mp4", "/clip.mp4"])).toMatchObject({
      container: "mp4",
    });
  });

  test("a segment on a private one is refused", async () => {
    const lines = ["#EXTM3U", "#EXTINF:2,", "/small-0.m2ts", "#EXT-X-ENDLIST", ""];
    server.put("/list.m3u8", Buffer.from(lines.join("\n")));

    expect(await readFrom("/list.m3u8", ["/list.m3u8"])).toMatchObject(LEADS);
    expect(await readFrom("/list.m3u8", ["/list.m3u8", "/small-0.m2ts"])).toMatchObject({
      container: "hls",
    });
  });
});

describe("redirects", () => {
  const open = { ...LIMITS, allowPrivateHosts: true };

  test.each([
    [5, "ok"],
    [6, "unreachable"],
  ])("%i in a row: %s", async (count, outcome) => {
    for (let n = 1; n < count; n += 1) redirect(`/step-${n}`, `/step-${n + 1}`);
    redirect(`/step-${count}`, "/clip.mp4");

    expect(await readSource(server.urlOf("/step-1"), open)).toMatchObject({ outcome });
  });

  test("in a circle are left after five", async () => {
    redirect("/circle", "/circle");

    expect(await readSource(server.urlOf("/circle"), open)).toMatchObject({
      outcome: "unreachable",
      message: expect.stringContaining("redirect count exceeded"),
    });
    expect(server.requests("/circle")).toBe(6);
  });

  test.each([
    ["a file", () => "file:///etc/passwd"],
    ["FTP", () => "ftp://127.0.0.1/a.mp4"],
    ["an address with a password", () => onPort("user:password@127.0.0.1", "/clip.mp4")],
  ])("to %s are not followed", async (_what, locationOf) => {
    redirect("/away", locationOf());

    expect(await readSource(server.urlOf("/away"), open)).toMatchObject({
      outcome: "unreachable",
    });
  });
});

function redirect(path: string, location: string): void {
  server.put(path, (_request, response) => {
    response.writeHead(302, { location }).end();
  });
}
