/** Films with a large, late or unusual index, and tracks that are not played. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { probe } from "../../../emulator/source/probe.js";
import {
  type Box,
  boxesOf,
  changed,
  FIVE_HOURS,
  ofFiveHours,
  write,
} from "../../support/media/boxes.js";
import { CLIP, sample } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const BOXES = boxesOf(CLIP);
const only = (...types: string[]) => BOXES.filter(({ type }) => types.includes(type));
const mdat = (bytes: number): Box => ({ type: "mdat", content: Buffer.alloc(bytes) });

const TRACKS = [
  { type: "video", codec: "h264", width: 640, height: 360, frameRate: 25 },
  { type: "audio", codec: "aac", channels: 2, sampleRate: 48_000 },
];

function putPlain(path: string, bytes: Buffer): string {
  server.put(path, (_request, response) => response.end(bytes));
  return server.urlOf(path);
}

describe("a film of five hours, whose index is larger than the budget", () => {
  const index = changed(write(only("moov")), ofFiveHours);
  const front = Buffer.concat([write(only("ftyp")), index, write([mdat(1000)])]);
  const behind = Buffer.concat([write(only("ftyp")), write([mdat(3_000_000)]), index]);

  test("has an index of more than 25 MB in this test", () => {
    expect(index.length).toBeGreaterThan(25_000_000);
  });

  test.each([
    ["in front", front],
    ["at its end", behind],
  ])("is five hours long with its index %s, with ranges and without", async (_what, bytes) => {
    server.put("/hours.mp4", bytes);
    const expected = { container: "mp4", durationSeconds: FIVE_HOURS, tracks: TRACKS };
    expect(await probe(server.urlOf("/hours.mp4"))).toEqual(expected);
    expect(await probe(putPlain("/plain.mp4", bytes))).toEqual(expected);
  });

  test("does not block the process", async () => {
    server.put("/hours.mp4", front);
    const visit = { isDone: false };
    // Time of this process on a core: what else the machine does is not counted.
    const busyMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
    let longestMs = 0;
    const watch = (async () => {
      for (let last = busyMs(); !visit.isDone;) {
        await new Promise(setImmediate);
        longestMs = Math.max(longestMs, busyMs() - last);
        last = busyMs();
      }
    })();
    await probe(server.urlOf("/hours.mp4"));
    visit.isDone = true;
    await watch;
    expect(longestMs).toBeLessThan(250);
  });
});

/** The clip with these edits of its tracks. `from` -1 shows nothing for that time. */
function edited(seconds: number, edits: readonly { seconds: number; from: number }[]): Buffer {
  const scale = only("moov")
    .flatMap(({ content }) => boxesOf(content))[0]
    ?.content.readUInt32BE(12);
  const elst = Buffer.alloc(8 + 12 * edits.length);
  elst.writeUInt32BE(edits.length, 4);
  edits.forEach((edit, n) => {
    elst.writeUInt32BE(edit.seconds * (scale ?? 0), 8 + 12 * n);
    elst.writeInt32BE(edit.from, 12 + 12 * n);
    elst.writeUInt32BE(0x10000, 16 + 12 * n);
  });
  const edts = { type: "edts", content: write([{ type: "elst", content: elst }]) };
  const index = changed(write(only("moov")), ({ type, content }) => {
    const copy = Buffer.from(content);
    if (type === "mvhd") copy.writeUInt32BE(seconds * (scale ?? 0), 16);
    if (type !== "trak") return { type, content: copy };
    return { type, content: write([...boxesOf(copy).filter((box) => box.type !== "edts"), edts]) };
  });
  return Buffer.concat([write(only("ftyp")), write([mdat(1000)]), index]);
}

describe("a film whose tracks have several edits is as long as they are together", () => {
  test.each([
    ["the film begins late", 6, [-1, 0]],
    ["the film begins late, in two steps", 8, [-1, -1, 0]],
    ["the film is shown twice", 8, [0, 0]],
  ])("%s", async (_what, seconds, starts) => {
    const edits = starts.map((from) => ({ seconds: from < 0 ? 2 : 4, from }));
    server.put("/edited.mp4", edited(seconds, edits));
    expect(await probe(server.urlOf("/edited.mp4"))).toMatchObject({
      durationSeconds: seconds,
      tracks: TRACKS,
    });
  });
});

describe("from a server without ranges", () => {
  test("a film of 30 MB with its index at the end is read through", async () => {
    const bytes = Buffer.concat([write(only("ftyp")), write([mdat(30e6)]), write(only("moov"))]);
    expect(await probe(putPlain("/behind.mp4", bytes))).toMatchObject({
      durationSeconds: 4,
      tracks: TRACKS,
    });
    expect(server.requests("/behind.mp4")).toBe(1);
  });

  test("a film with its index in front is requested once", async () => {
    let visits = 0;
    server.put("/once.mp4", (_request, response) => {
      visits += 1;
      if (visits > 1) response.writeHead(403).end();
      else response.end(CLIP);
    });
    expect(await probe(server.urlOf("/once.mp4"))).toMatchObject({ durationSeconds: 4 });
  });

  test("a film at a one-time address is read completely when its index is at the end", async () => {
    const bytes = Buffer.concat([write(only("ftyp")), write([mdat(5e6)]), write(only("moov"))]);
    let visits = 0;
    server.put("/token.mp4", (_request, response) => {
      visits += 1;
      const head = { "accept-ranges": "bytes", "content-length": bytes.length };
      if (visits > 1) response.writeHead(403).end();
      else response.writeHead(200, head).end(bytes);
    });
    expect(await probe(server.urlOf("/token.mp4"))).toMatchObject({ durationSeconds: 4 });
  });

  test("a body that is shorter than its Content-Length is played", async () => {
    server.put("/short.mp4", (_request, response) => {
      response.writeHead(200, { "content-length": CLIP.length + 5000 });
      response.write(CLIP, () => response.destroy());
    });
    expect(await probe(server.urlOf("/short.mp4"))).toMatchObject({ durationSeconds: 4 });
  });
});

describe("a film is read", () => {
  test("without ftyp, as old QuickTime writes it", async () => {
    const mov = boxesOf(sample("small.mov")).filter(({ type }) => type !== "ftyp");
    server.put("/old.mov", write(mov));
    expect(await probe(server.urlOf("/old.mov"))).toMatchObject({
      container: "mov",
      durationSeconds: expect.closeTo(4, 1),
      tracks: [{ width: 160 }, {}],
    });
  });

  test("with 64-bit lengths in all its boxes", async () => {
    server.put(
      "/long.mp4",
      changed(CLIP, (box) => box, { long: true }),
    );
    expect(await probe(server.urlOf("/long.mp4"))).toMatchObject({
      container: "mp4",
      durationSeconds: 4,
      tracks: TRACKS,
    });
  });

  test("with a cover picture of a megabyte in its metadata", async () => {
    const cover = { type: "udta", content: write([{ type: "free", content: Buffer.alloc(1e6) }]) };
    const film = changed(CLIP, (box) =>
      box.type === "moov" ? { ...box, content: Buffer.concat([box.content, write([cover])]) } : box,
    );
    server.put("/cover.mp4", film);
    expect(await probe(server.urlOf("/cover.mp4"))).toMatchObject({ durationSeconds: 4 });
  });
});

describe("a track that TRTC does not play", () => {
  /** The clip with another codec name in one track. */
  const renamed = (from: string, to: string): Buffer => {
    const film = Buffer.from(CLIP);
    film.write(to, film.indexOf(from, film.indexOf("stsd")), "latin1");
    return film;
  };

  test("is ignored beside sound when it holds chapter pictures", async () => {
    server.put("/chapters.m4a", renamed("avc1", "jpeg"));
    expect((await probe(server.urlOf("/chapters.m4a"))).tracks).toEqual([TRACKS[1]]);
  });

  test("does not hide another, playable sound", async () => {
    const tracks = boxesOf(only("moov")[0]?.content ?? Buffer.alloc(0));
    const sound = tracks.filter(({ type }) => type === "trak").at(-1);
    const other = write(sound ? [sound] : []);
    other.write("ac-3", other.indexOf("mp4a", other.indexOf("stsd")), "latin1");
    const [head, ...rest] = tracks;
    const moov = {
      type: "moov",
      content: Buffer.concat([write(head ? [head] : []), other, write(rest)]),
    };
    server.put(
      "/two.mp4",
      Buffer.concat([write(only("ftyp")), write([moov]), write(only("mdat"))]),
    );
    expect((await probe(server.urlOf("/two.mp4"))).tracks).toEqual(TRACKS);
  });

  test("is refused by its name when there is no other", async () => {
    server.put("/xvid.mp4", renamed("avc1", "hvc1"));
    await expect(probe(server.urlOf("/xvid.mp4"))).rejects.toMatchObject({ reason: "unsupported" });
  });
});
