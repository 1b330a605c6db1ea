/** WebM and MKV without a stated length: finished and live recordings. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MkvOutputFormat } from "mediabunny";
import { probe } from "../../../emulator/source/probe.js";
import { systemClock } from "../../../shared/clock.js";
import { PATIENT, remux } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import { webmClusters, webmHead, webmOf, type WebmOptions } from "../../support/media/webm.js";

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const PICTURE = { type: "video", codec: "vp8", width: 640, height: 360, frameRate: 25 };

describe("a recording of 20 MB without a length", () => {
  test.each<[string, Partial<WebmOptions>]>([
    ["with clusters without a size", {}],
    ["with clusters with a size", { areClustersSized: true }],
    ["as Matroska", { docType: "matroska" }],
    ["with pictures in groups", { areGrouped: true }],
    ["with a cluster larger than two megabytes", { clusterSeconds: 12 }],
    ["with ticks of a tenth of a millisecond", { timestampScale: 100_000, clusterSeconds: 2 }],
    ["that begins an hour late", { beginSeconds: 3600 }],
  ])("is as long as its last cluster says: %s", async (_what, options) => {
    const bytes = webmOf({ seconds: 30, pictureBytes: 27_000, ...options });
    expect(bytes.length).toBeGreaterThan(20_000_000);
    const expected = {
      container: options.docType === "matroska" ? "mkv" : "webm",
      durationSeconds: expect.closeTo(30, 1),
      tracks: [PICTURE],
    };
    server.put("/ranged.webm", bytes);
    server.put("/plain.webm", (_request, response) => response.end(bytes));
    server.put("/chunked.webm", (_request, response) => {
      response.write(bytes.subarray(0, 1000));
      response.end(bytes.subarray(1000));
    });
    for (const path of ["/ranged.webm", "/plain.webm", "/chunked.webm"]) {
      expect(await probe(server.urlOf(path), PATIENT)).toEqual(expected);
    }
  });

  test("is measured by its end alone when the server supports ranges", async () => {
    server.put("/end.webm", webmOf({ seconds: 30, pictureBytes: 27_000 }));
    const limits = { bytesMax: 12_000_000, timeLimitMs: 10_000 };
    expect((await probe(server.urlOf("/end.webm"), limits)).durationSeconds).toBeCloseTo(30, 1);
    expect(server.requests("/end.webm")).toBe(2);
  });

  test("is read completely when its address works only once", async () => {
    const bytes = webmOf({ seconds: 30, pictureBytes: 27_000 });
    let visits = 0;
    server.put("/once.webm", (_request, response) => {
      visits += 1;
      if (visits > 1) response.writeHead(403).end();
      else {
        response.writeHead(200, { "accept-ranges": "bytes", "content-length": bytes.length });
        response.end(bytes);
      }
    });
    expect((await probe(server.urlOf("/once.webm"))).durationSeconds).toBeCloseTo(30, 1);
  });

  test("that lost its last pictures is as long as the rest", async () => {
    const bytes = webmOf({ seconds: 30, pictureBytes: 27_000 });
    server.put("/cut.webm", bytes.subarray(0, bytes.length - 27_000 * 50));
    expect((await probe(server.urlOf("/cut.webm"))).durationSeconds).toBeCloseTo(28, 1);
  });
});

describe("a small file without a length", () => {
  test("is read to its end", async () => {
    server.put("/small.webm", webmOf({ seconds: 7 }));
    expect(await probe(server.urlOf("/small.webm"))).toMatchObject({
      container: "webm",
      durationSeconds: expect.closeTo(7, 1),
      tracks: [PICTURE],
    });
  });

  test("is read despite damage in it", async () => {
    const bytes = webmOf({ seconds: 12 });
    bytes.fill(0, bytes.length / 2, bytes.length / 2 + 300);
    server.put("/damaged.webm", bytes);
    expect((await probe(server.urlOf("/damaged.webm"))).durationSeconds).toBeCloseTo(12, 1);
  });

  test("without a picture is refused as empty", async () => {
    server.put("/empty.webm", Buffer.concat([webmHead(), ...webmClusters({ seconds: 0 })]));
    await expect(probe(server.urlOf("/empty.webm"))).rejects.toMatchObject({
      reason: "unsupported",
      message: "It is empty.",
    });
  });

  test("of the library's piped writer gives the library's own results", async () => {
    const bytes = await remux(new MkvOutputFormat({ appendOnly: true }));
    server.put("/piped.mkv", bytes);
    const media = await probe(server.urlOf("/piped.mkv"));
    expect(media).toMatchObject({ container: "mkv", durationSeconds: expect.closeTo(4, 1) });
    expect(media.tracks.map(({ codec }) => codec)).toEqual(["h264"]);
  });
});

test("a live WebM without end plays within six seconds", async () => {
  server.put("/live.webm", (_request, response) => {
    response.write(webmHead());
    void (async () => {
      for (let second = 0; !response.destroyed; second += 0.2) {
        for (const cluster of webmClusters({ seconds: 0.2, beginSeconds: second })) {
          response.write(cluster);
        }
        await systemClock.sleep(200);
      }
    })();
  });
  const begin = systemClock.elapsedMs();
  expect(await probe(server.urlOf("/live.webm"))).toEqual({
    container: "webm",
    durationSeconds: null,
    tracks: [PICTURE],
  });
  expect(systemClock.elapsedMs() - begin).toBeLessThan(6000);
});
