/** HLS from servers in use, and playlists that attack time or memory. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { probe } from "../../../emulator/source/probe.js";
import { linesOf } from "../../../shared/media/hls/lines.js";
import { parsePlaylist } from "../../../shared/media/hls/playlist.js";
import { sample } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";

const VIDEO = { type: "video", codec: "h264", width: 160, height: 90, frameRate: 25 };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
  for (const name of ["small.m3u8", "small-0.m2ts", "small-1.m2ts", "tone.mp3"]) {
    server.put(`/${name}`, sample(name));
  }
});
afterAll(() => server.close());

function put(path: string, ...lines: string[]): string {
  server.put(path, Buffer.from(["#EXTM3U", ...lines, ""].join("\n")));
  return server.urlOf(path);
}

const parsed = (...lines: string[]) => parsePlaylist([["#EXTM3U", ...lines]]);

describe("a gap", () => {
  const GAP = ["#EXTINF:2,", "#EXT-X-GAP", "missing.ts"];
  const THERE = ["#EXTINF:2,", "small-0.m2ts"];

  test.each<[string, string[]]>([
    ["at the beginning", [...GAP, ...THERE, ...THERE, ...THERE]],
    ["in the middle", [...THERE, ...GAP, ...THERE, ...THERE]],
    ["at the end", [...THERE, ...THERE, ...THERE, ...GAP]],
    ["that is said before the length", ["#EXT-X-GAP", ...GAP, ...THERE, ...THERE, ...THERE]],
  ])("%s is not opened, and counts for the length", async (_what, lines) => {
    const url = put("/gap.m3u8", ...lines, "#EXT-X-ENDLIST");
    expect(await probe(url)).toMatchObject({ durationSeconds: 8, tracks: [VIDEO, {}] });
    expect(server.requests("/missing.ts")).toBe(0);
  });

  test("of a live playlist is not opened", async () => {
    const url = put("/live-gap.m3u8", ...THERE, ...GAP, ...GAP, ...GAP);
    expect(await probe(url)).toMatchObject({ durationSeconds: null, tracks: [VIDEO, {}] });
  });

  test("alone is not playable", async () => {
    await expect(probe(put("/gaps.m3u8", ...GAP, "#EXT-X-ENDLIST"))).rejects.toMatchObject({
      reason: "unsupported",
      message: expect.stringContaining("gaps"),
    });
  });

  test("does not change the numbers, keys, maps and ranges of later segments", async () => {
    const playlist = await parsed(
      ...["#EXT-X-MEDIA-SEQUENCE:7", '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x1'],
      ...['#EXT-X-MAP:URI="i"', '#EXT-X-KEY:METHOD=AES-128,URI="l"'],
      ...["#EXT-X-GAP", "#EXTINF:2,", "#EXT-X-BYTERANGE:10@5", "a"],
      ...["#EXTINF:2,", "#EXT-X-BYTERANGE:20", "a", "#EXTINF:3,", "b", "#EXT-X-ENDLIST"],
    );
    expect(playlist).toEqual({
      kind: "segments",
      durationSeconds: 7,
      heads: [
        [
          ...["#EXTM3U", "#EXT-X-MEDIA-SEQUENCE:8", '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x1'],
          ...['#EXT-X-MAP:URI="i"', '#EXT-X-KEY:METHOD=AES-128,URI="l"'],
          ...["#EXTINF:2,", "#EXT-X-BYTERANGE:20@15", "a"],
          ...["#EXT-X-MEDIA-SEQUENCE:9", "#EXTINF:3,", "b", "#EXT-X-ENDLIST", ""],
        ].join("\n"),
      ],
    });
  });
});

describe("a live playlist", () => {
  test("of a long window is opened near its end", async () => {
    const old = Array.from({ length: 20 }, () => ["#EXTINF:2,", "expired.ts"]).flat();
    const url = put(
      "/long-live.m3u8",
      ...old,
      "#EXTINF:2,",
      "small-0.m2ts",
      "#EXTINF:2,",
      "small-1.m2ts",
    );
    expect(await probe(url)).toMatchObject({ durationSeconds: null, tracks: [VIDEO, {}] });
  });

  test("whose oldest segments expire while it is read is opened at a later one", async () => {
    const fresh = ["#EXTINF:2,", "expired.ts", "#EXTINF:2,", "expired.ts", "#EXTINF:2,"];
    const url = put("/short-live.m3u8", ...fresh, "small-1.m2ts");
    expect(await probe(url)).toMatchObject({ durationSeconds: null, tracks: [VIDEO, {}] });
  });

  test("whose segments have all expired is unreachable", async () => {
    const url = put("/dead-live.m3u8", "#EXTINF:2,", "expired.ts", "#EXTINF:2,", "expired.ts");
    await expect(probe(url)).rejects.toMatchObject({ reason: "unreachable" });
  });
});

describe("among variants,", () => {
  const CODECS = 'CODECS="avc1.64000a,mp4a.40.2';
  const variant = (fields: string, uri: string) => [`#EXT-X-STREAM-INF:${fields}`, uri];
  const good = variant(`BANDWIDTH=800000,RESOLUTION=160x90,${CODECS}"`, "small.m3u8");

  test.each([
    ["where nobody listens", "http://127.0.0.1:2/small.m3u8"],
    ["whose name nobody knows", "http://nobody.invalid/small.m3u8"],
    ["that answers 503", "/unavailable.m3u8"],
    ["that never answers", "/silent.m3u8"],
  ])("one on a server %s is replaced by its copy on another", async (_what, uri) => {
    server.put("/unavailable.m3u8", (_request, response) => response.writeHead(503).end());
    server.put("/silent.m3u8", () => undefined);
    const first = variant(`BANDWIDTH=800000,RESOLUTION=160x90,${CODECS}"`, uri);
    expect(await probe(put("/redundant.m3u8", ...first, ...good))).toMatchObject({
      durationSeconds: 4,
      tracks: [VIDEO, {}],
    });
  });

  test("one with missing segments is replaced by the next best", async () => {
    put("/hollow.m3u8", "#EXTINF:2,", "missing.ts", "#EXT-X-ENDLIST");
    const best = variant(`BANDWIDTH=900000,${CODECS}"`, "hollow.m3u8");
    expect(await probe(put("/next.m3u8", ...best, ...good))).toMatchObject({ durationSeconds: 4 });
  });

  test("at most four are opened", async () => {
    const dead = Array.from({ length: 9 }, (_, n) => variant(`BANDWIDTH=${n + 1}`, `gone-${n}`));
    const url = put("/all-dead.m3u8", ...dead.flat());
    await expect(probe(url)).rejects.toMatchObject({ reason: "unreachable" });
    const asked = dead.map((_, n) => server.requests(`/gone-${n}`));
    expect(asked).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });

  test.each(["wvtt", "stpp", "stpp.ttml.im1t", "tx3g"])(
    "one with subtitles of %s beside it is the best still",
    async (subtitles) => {
      const best = variant(`BANDWIDTH=900000,${CODECS},${subtitles}"`, "small.m3u8");
      const least = variant(`BANDWIDTH=1,${CODECS}"`, "missing.m3u8");
      expect(await probe(put("/subtitles.m3u8", ...least, ...best))).toMatchObject({
        tracks: [VIDEO, {}],
      });
    },
  );

  test.each<[string, string[], string]>([
    ["alone", ["DEFAULT=YES"], "aac"],
    ["beside another", ["DEFAULT=YES", 'DEFAULT=NO,URI="sound.m3u8"'], "aac"],
    ["behind another", ['DEFAULT=NO,URI="sound.m3u8"', "DEFAULT=YES"], "aac"],
    ["that is not the default", ["DEFAULT=NO", 'DEFAULT=YES,URI="sound.m3u8"'], "mp3"],
  ])("sound without a playlist, %s, is in the variant", async (_what, sounds, codec) => {
    put("/sound.m3u8", "#EXTINF:4,", "tone.mp3", "#EXT-X-ENDLIST");
    const media = sounds.map((each) => `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",${each}`);
    const url = put("/muxed.m3u8", ...media, ...variant('BANDWIDTH=1,AUDIO="a"', "small.m3u8"));
    expect(await probe(url)).toMatchObject({ tracks: [VIDEO, { codec }] });
  });
});

describe("in a hostile playlist,", () => {
  const A = "a".repeat(150_000);

  test.each<[string, string]>([
    ["an attribute of 150,000 letters", `#EXT-X-STREAM-INF:${A.toUpperCase()}`],
    ["the same in a sound", `#EXT-X-MEDIA:${A.toUpperCase()}`],
    ["names and no values", `#EXT-X-STREAM-INF:${"A,".repeat(15_000)}`],
    ["values and no names", `#EXT-X-STREAM-INF:${"=".repeat(30_000)}`],
    ["quotes", `#EXT-X-STREAM-INF:${'A="'.repeat(10_000)}`],
    ["a resolution of digits", `#EXT-X-STREAM-INF:RESOLUTION=${"1".repeat(30_000)}`],
    ["codecs", `#EXT-X-STREAM-INF:CODECS="${",".repeat(30_000)}"`],
    ["a length of digits", `#EXTINF:${"1".repeat(150_000)}`],
    ["blanks", `#EXT-X-STREAM-INF:${" ".repeat(150_000)}A=1`],
    ["a tag that nobody knows", `#EXT-X-SESSION-DATA:${A}`],
    ["an address of 150,000 letters", A],
  ])("%s", async (_what, line) => {
    const url = put("/costly.m3u8", ...Array<string>(20).fill(line), "#EXT-X-ENDLIST");
    await expect(probe(url)).rejects.toMatchObject({ reason: "unsupported" });
  });

  test("a line that is too long is refused by its number", async () => {
    const lines = [`#EXT-X-STREAM-INF:${A}`];
    await expect(parsed(...lines)).rejects.toThrow("more than 32768 letters");
    await expect(parsed(A)).rejects.toThrow("more than 32768 letters");
  });

  test("a long comment or unknown tag is accepted", async () => {
    const url = put(
      "/remarks.m3u8",
      `#${A}`,
      `#EXT-X-SESSION-DATA:${A}`,
      "#EXTINF:2,",
      "small-0.m2ts",
      "#EXT-X-ENDLIST",
    );
    expect(await probe(url)).toMatchObject({ durationSeconds: 2 });
  });

  test("more variants than 500 are refused, however many follow", async () => {
    const lines = ["#EXT-X-STREAM-INF:BANDWIDTH=1", "a.m3u8"];
    await expect(parsed(...Array<string[]>(501).fill(lines).flat())).rejects.toThrow(
      "500 variants",
    );
    const most = await parsed(...Array<string[]>(500).fill(lines).flat());
    expect(most.kind === "variants" && most.variants.length).toBe(500);
  });

  test("an endless line is kept only up to the limit", async () => {
    const batches = [];
    for await (const lines of linesOf(Array<Buffer>(400).fill(Buffer.alloc(10_000, "x"))))
      batches.push(...lines);
    const letters = batches.map(({ length }) => length).filter((each) => each > 0);
    expect(letters).toEqual([32 * 1024 + 1]);
  });

  test("a character of several bytes is read whole across chunks", async () => {
    const bytes = Buffer.from("\uFEFFé€😀\r\nz");
    const lines = [];
    for await (const each of linesOf(Array.from(bytes, (byte) => Buffer.of(byte))))
      lines.push(...each);
    expect(lines).toEqual(["é€😀", "z"]);
  });
});
