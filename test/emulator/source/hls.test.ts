/** HLS: finished and live playlists, playlists of variants, and broken ones. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { probe } from "../../../emulator/source/probe.js";
import { startLivePlaylist } from "../../support/media/live-playlist.js";
import { sample } from "../../support/media/media.js";
import { flood, type MediaServer, startMediaServer } from "../../support/media/media-server.js";

const TRACKS = [
  { type: "video", codec: "h264", width: 160, height: 90, frameRate: 25 },
  { type: "audio", codec: "aac", channels: 1, sampleRate: 48_000 },
];

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
  for (const name of ["small.m3u8", "small-0.m2ts", "small-1.m2ts", "tone.mp3", "uhd.mp4"]) {
    server.put(`/${name}`, sample(name));
  }
});
afterAll(() => server.close());

const playlist = (...lines: string[]): Buffer => Buffer.from(["#EXTM3U", ...lines, ""].join("\n"));

const segments = (count: number): string[] =>
  Array.from({ length: count }, () => ["#EXTINF:2,", "small-0.m2ts"]).flat();

function put(path: string, ...lines: string[]): string {
  server.put(path, playlist(...lines));
  return server.urlOf(path);
}

describe("a playlist", () => {
  test("with an end is as long as its segments together", async () => {
    expect(await probe(server.urlOf("/small.m3u8"))).toEqual({
      container: "hls",
      durationSeconds: 4,
      tracks: TRACKS,
    });
  });

  test("of 100,000 segments is read at once, and three of its segments are opened at most", async () => {
    server.put("/long.m3u8", playlist(segments(100_000).join("\n"), "#EXT-X-ENDLIST"));
    const url = server.urlOf("/long.m3u8");
    const before = server.requests("/small-0.m2ts");
    expect(await probe(url)).toMatchObject({ durationSeconds: 200_000 });
    expect(server.requests("/small-0.m2ts") - before).toBeLessThanOrEqual(3);
  });

  test("that is marked as on demand has an end, even without its end tag", async () => {
    const url = put("/vod.m3u8", "#EXT-X-PLAYLIST-TYPE:VOD", ...segments(2));
    expect(await probe(url)).toMatchObject({ durationSeconds: 4 });
  });

  test("without an end tag is live", async () => {
    const url = put("/event.m3u8", "#EXT-X-PLAYLIST-TYPE:EVENT", ...segments(2));
    expect(await probe(url)).toMatchObject({ container: "hls", durationSeconds: null });
  });

  test("is recognized by its first bytes, with any name, line ends and byte order mark", async () => {
    const text = sample("small.m3u8").toString().replaceAll("\n", "\r\n");
    server.put("/film.mp4", Buffer.from(`\uFEFF${text}`));
    expect(await probe(server.urlOf("/film.mp4"))).toMatchObject({ container: "hls" });
  });

  test("behind a redirect resolves its segments from the final address", async () => {
    server.put("/moved/here.m3u8", (_request, response) => {
      response.writeHead(302, { location: "/small.m3u8" }).end();
    });
    expect(await probe(server.urlOf("/moved/here.m3u8"))).toMatchObject({ durationSeconds: 4 });
  });
});

describe("a live playlist", () => {
  test("whose window moves is opened without waiting for the next segment", async () => {
    const live = await startLivePlaylist();
    const media = await probe(live.url);
    live.advance(10);
    expect(media).toEqual({ container: "hls", durationSeconds: null, tracks: TRACKS });
    expect(await probe(live.url)).toEqual(media);
    await live.close();
  });
});

describe("from a playlist of variants,", () => {
  const variant = (fields: string, uri: string) => [`#EXT-X-STREAM-INF:${fields}`, uri];

  test("the best variant that TRTC plays is opened", async () => {
    const url = put(
      "/master.m3u8",
      ...variant("BANDWIDTH=9000000,RESOLUTION=3840x2160,FRAME-RATE=30", "none-4k.m3u8"),
      ...variant("BANDWIDTH=6000000,RESOLUTION=1920x1080,FRAME-RATE=60", "none-60.m3u8"),
      ...variant('BANDWIDTH=5000000,CODECS="hvc1.1.6.L93.B0,mp4a.40.2"', "none-h265.m3u8"),
      ...variant('BANDWIDTH=300000,CODECS="avc1.64000a,mp4a.40.2"', "none-small.m3u8"),
      ...variant('BANDWIDTH=800000,RESOLUTION=160x90,CODECS="avc1.64000a,mp4a.40.2"', "small.m3u8"),
    );
    expect(await probe(url)).toEqual({ container: "hls", durationSeconds: 4, tracks: TRACKS });
  });

  test("the smallest is opened when no declared codec is playable, and its content decides", async () => {
    const url = put("/all-4k.m3u8", ...variant("BANDWIDTH=9,RESOLUTION=3840x2160", "uhd.m3u8"));
    put("/uhd.m3u8", "#EXTINF:4,", "uhd.mp4", "#EXT-X-ENDLIST");
    await expect(probe(url)).rejects.toMatchObject({ reason: "too-large" });
  });

  test("the sound is read from its own playlist", async () => {
    const url = put(
      "/apart.m3u8",
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="other",URI="none.m3u8"',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="main",DEFAULT=YES,URI="sound.m3u8"',
      ...variant('BANDWIDTH=1,AUDIO="a"', "small.m3u8"),
    );
    put("/sound.m3u8", "#EXTINF:4,", "tone.mp3", "#EXT-X-ENDLIST");
    expect(await probe(url)).toMatchObject({ tracks: [TRACKS[0], { codec: "mp3" }] });
  });
});

describe("a playlist is refused", () => {
  const END = "#EXT-X-ENDLIST";

  test.each<[string, string, string[]]>([
    ["without segments", "unsupported", [END]],
    ["that is live and has none yet", "unsupported", ["#EXT-X-TARGETDURATION:2"]],
    ["of no length", "unsupported", ["#EXTINF:0,", "small-0.m2ts", END]],
    ["of a length that is no number", "unsupported", ["#EXTINF:x,", "small-0.m2ts", END]],
    ["of a negative length", "unsupported", ["#EXTINF:-2,", "small-0.m2ts", END]],
    ["whose segments are not there", "unreachable", ["#EXTINF:2,", "missing.m2ts", END]],
    ["whose segment is itself", "unsupported", ["#EXTINF:2,", "refused.m3u8", END]],
    [
      "whose segment is a file of this machine",
      "unsupported",
      ["#EXTINF:2,", "file:///etc/passwd", END],
    ],
    ["whose variant is itself", "unsupported", ["#EXT-X-STREAM-INF:BANDWIDTH=1", "refused.m3u8"]],
    ["whose variant is no playlist", "unsupported", ["#EXT-X-STREAM-INF:BANDWIDTH=1", "tone.mp3"]],
    ["whose variant is not there", "unreachable", ["#EXT-X-STREAM-INF:BANDWIDTH=1", "none.m3u8"]],
    ["whose variant is no address", "unsupported", ["#EXT-X-STREAM-INF:BANDWIDTH=1", "http://[/"]],
    ["whose variant is left out", "unsupported", ["#EXT-X-STREAM-INF:BANDWIDTH=1"]],
  ])("when it has %s: %s", async (_what, reason, lines) => {
    const failure: unknown = await probe(put("/refused.m3u8", ...lines)).catch((e: unknown) => e);
    expect(failure).toMatchObject({ name: "SourceError", reason });
  });

  test("when it has no end, after the budget of bytes", async () => {
    server.put("/endless.m3u8", (_request, response) => {
      response.write("#EXTM3U\n");
      flood(response, Buffer.from("#EXTINF:2,\nsmall-0.m2ts\n".repeat(1000)));
    });
    const limits = { bytesMax: 1_000_000, timeLimitMs: 20_000 };
    await expect(probe(server.urlOf("/endless.m3u8"), limits)).rejects.toMatchObject({
      reason: "unsupported",
      message: "More than 1000000 bytes would have to be read.",
    });
  });
});
