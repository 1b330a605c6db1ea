/** The length of files that do not state it, and MP3 and FLV without an end. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { probe } from "../../../emulator/source/probe.js";
import { systemClock } from "../../../shared/clock.js";
import {
  AAC_HEADER,
  avcHeader,
  flvOf,
  type FlvTag,
  flvTags,
  frame,
  sound,
} from "../../support/media/flv.js";
import { mp3, MP3_FRAME_SECONDS, sample } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

async function lengthOf(bytes: Buffer): Promise<number | null> {
  server.put("/a", bytes);
  server.put("/plain", (_request, response) => response.end(bytes));
  const [ranged, plain] = [await probe(server.urlOf("/a")), await probe(server.urlOf("/plain"))];
  expect(plain.durationSeconds).toBeCloseTo(ranged.durationSeconds ?? -1, 1);
  return ranged.durationSeconds;
}

const TONE = sample("tone.mp3");
const ID3 = Buffer.concat([Buffer.from("ID3\x04\0\0\0\0\x10\0", "latin1"), Buffer.alloc(2048)]);

describe("an MP3", () => {
  test.each([
    ["as its header counts", TONE, 4],
    ["of two files joined, each with a header", Buffer.concat([TONE, TONE]), 8.06],
    ["of three files joined, with tags between", Buffer.concat([ID3, TONE, ID3, TONE, TONE]), 12.1],
    ["without a header", mp3(400), 400 * MP3_FRAME_SECONDS],
    ["that begins inside a frame", mp3(400).subarray(100), 399 * MP3_FRAME_SECONDS],
    ["of an hour without a header", mp3(137_000), 137_000 * MP3_FRAME_SECONDS],
  ])("is as long as its frames: %s", async (_what, bytes, seconds) => {
    const length = (await lengthOf(bytes)) ?? 0;
    expect(Math.abs(length - seconds)).toBeLessThan(Math.max(0.1, seconds / 1000));
  });

  test("of an endless radio station plays within six seconds", async () => {
    server.put("/radio", (_request, response) => {
      response.write(mp3(100).subarray(200));
      void (async () => {
        while (!response.destroyed) {
          await systemClock.sleep(100);
          response.write(mp3(4));
        }
      })();
    });
    const begin = systemClock.elapsedMs();
    expect(await probe(server.urlOf("/radio"))).toEqual({
      container: "mp3",
      durationSeconds: null,
      tracks: [{ type: "audio", codec: "mp3", channels: 2, sampleRate: 44_100 }],
    });
    expect(systemClock.elapsedMs() - begin).toBeLessThan(6000);
  });

  test("of layer II is refused by its name", async () => {
    const layer2 = Buffer.concat([Buffer.of(0xff, 0xfd, 0xa4, 0), Buffer.alloc(572)]);
    server.put("/layer2", Buffer.concat(Array.from({ length: 50 }, () => layer2)));
    await expect(probe(server.urlOf("/layer2"))).rejects.toMatchObject({
      reason: "unsupported",
      message: expect.stringContaining("The audio is mp2"),
    });
  });
});

describe("an FLV file that does not say its length", () => {
  const record = (
    flvTags(sample("small.flv")).find(({ type }) => type === 9)?.data ?? Buffer.alloc(0)
  ).subarray(5);
  const frames = (seconds: number, bytes: number): FlvTag[] =>
    Array.from({ length: seconds * 25 }, (_, n) => {
      const tag = frame(n * 40);
      return { ...tag, data: Buffer.concat([tag.data, Buffer.alloc(bytes)]) };
    });

  test("is as long as its last tag says", async () => {
    const bytes = flvOf(avcHeader(record), AAC_HEADER, sound(0), ...frames(30, 100));
    expect(await lengthOf(bytes)).toBeCloseTo(29.96, 1);
  });

  test("is as long as its last tag says, also when its end is far", async () => {
    const bytes = flvOf(avcHeader(record), AAC_HEADER, sound(0), ...frames(30, 30_000));
    expect(bytes.length).toBeGreaterThan(20_000_000);
    expect(await lengthOf(bytes)).toBeCloseTo(29.96, 1);
  });

  test("is as long as its last tag says, also beyond the 24 bits of its timestamps", async () => {
    const late = { ...frame(0), timestampMs: 20_000_000 };
    const bytes = flvOf(avcHeader(record), AAC_HEADER, sound(0), ...frames(4, 10), late);
    expect(await lengthOf(bytes)).toBeCloseTo(20_000, 1);
  });
});
