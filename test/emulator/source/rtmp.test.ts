/** RTMP sources over real TCP: opened as a player opens them, and refused when the server fails. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { SourceError } from "../../../shared/media/media.js";
import { probe } from "../../../emulator/source/probe.js";
import { encodeAmf } from "../../../shared/media/flv/amf0.js";
import { byteReader } from "../../../shared/media/byte-reader.js";
import {
  MESSAGE,
  readMessages,
  writeMessage,
} from "../../../emulator/source/rtmp/rtmp-messages.js";
import { flvOf, frame, sound } from "../../support/media/flv.js";
import {
  aggregates,
  type Behaviour,
  hasNoSuchStream,
  isSilent,
  plays,
  refusesToConnect,
  resets,
  type RtmpServer,
  saysNothingAfterConnect,
  shakeHands,
  shakesHalfAHand,
  shakesHandsOnly,
  startRtmpServer,
} from "../../support/media/rtmp-server.js";

/** For servers that never answer. */
const SHORT = { bytesMax: 1_000_000, timeLimitMs: 300 };
/** A busy machine answers within it. */
const LONG = { bytesMax: 1_000_000, timeLimitMs: 20_000 };

/** What ffmpeg 5.1 as an RTMP server sent to a player of small.flv, byte by byte. */
const RECORDED = readFileSync(new URL("../../fixtures/rtmp/ffmpeg-play.bin", import.meta.url));

let server: RtmpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(behave: Behaviour): Promise<RtmpServer> {
  server = await startRtmpServer(behave);
  return server;
}

const TRACKS = [
  { type: "video", codec: "h264", width: 160, height: 90, frameRate: 25 },
  { type: "audio", codec: "aac", channels: 1, sampleRate: 48_000 },
];

describe("an RTMP stream", () => {
  test("is live, with the tracks of its first messages", async () => {
    const { url } = await open(plays);
    expect(await probe(url)).toEqual({
      container: "rtmp",
      durationSeconds: null,
      tracks: TRACKS,
    });
  });

  test("is read from the recorded bytes of another server", async () => {
    const { url } = await open(({ socket }) => socket.write(RECORDED));
    expect(await probe(url)).toMatchObject({ container: "rtmp", tracks: TRACKS });
  });

  test("is read from bytes that arrive one at a time", async () => {
    const { url } = await open(async ({ socket }) => {
      for (const byte of RECORDED) {
        if (!socket.write(Buffer.of(byte))) await once(socket, "drain");
      }
    });
    expect(await probe(url)).toMatchObject({ tracks: TRACKS });
  });

  test("is requested by its application and name, with the right query", async () => {
    const { url, asked } = await open(plays);
    await probe(`${url}/of/two?txSecret=0f&txTime=5F`);
    expect(asked.map(([name]) => name)).toEqual(["connect", "createStream", "play"]);
    const tcUrl = url.replace("/stream", "");
    expect(asked[0]?.[2]).toMatchObject({ app: "live", tcUrl, objectEncoding: 0 });
    expect(asked[2]?.[3]).toBe("stream/of/two?txSecret=0f&txTime=5F");
  });

  test.each([
    ["/vod/_definst_/mp4:folder/sample.mp4", "vod/_definst_", "mp4:folder/sample.mp4"],
    ["/vod/_definst_/sample", "vod/_definst_", "sample"],
    ["/vod/instance/flv:sample", "vod/instance", "flv:sample"],
    ["/vod/mp4:folder/sample.mp4?token=a/b", "vod", "mp4:folder/sample.mp4?token=a/b"],
    ["/live/_definst_", "live", "_definst_"],
    [
      "/live?vhost=media.example.com&token=a1/stage",
      ...["live?vhost=media.example.com&token=a1", "stage"],
    ],
    ["/live?token=a/b/stage", "live?token=a/b", "stage"],
    ["/live/stage?url=/a/b:c", "live", "stage?url=/a/b:c"],
    ["/live/room/stage", "live", "room/stage"],
    ["/live/", "live", ""],
  ])("at %s is stream %3$s of application %2$s", async (path, app, stream) => {
    const { url, asked } = await open(plays);
    const origin = url.replace("/live/stream", "");
    await probe(origin + path);
    expect(asked[0]?.[2]).toMatchObject({ app, tcUrl: `${origin}/${app}` });
    expect(asked[2]?.[3]).toBe(stream);
  });

  test("is read from a server that sends aggregate messages", async () => {
    const { url } = await open((conversation) => plays(conversation, aggregates(40)));
    expect(await probe(url)).toEqual({
      container: "rtmp",
      durationSeconds: null,
      tracks: TRACKS,
    });
  });

  test("has the tracks that arrived, when the server closes soon after", async () => {
    const { url } = await open(async ({ socket }) => {
      await new Promise((resolve) => socket.write(RECORDED.subarray(0, 5000), resolve));
      socket.end();
    });
    expect(await probe(url)).toMatchObject({ tracks: TRACKS });
  });
});

describe("an RTMP server is unreachable", () => {
  test.each<[string, Behaviour, RegExp]>([
    ["that hangs up at once", resets, /ECONNRESET|ends/],
    ["that says nothing", isSilent, /within 0.3 seconds/],
    ["that shakes half a hand", shakesHalfAHand, /within 0.3 seconds/],
    ["that shakes hands and no more", shakesHandsOnly, /within 0.3 seconds/],
    ["that refuses to connect", refusesToConnect, /NetConnection.Connect.Rejected/],
    ["that connects and no more", saysNothingAfterConnect, /within 0.3 seconds/],
    ["that has no such stream", hasNoSuchStream, /NetStream.Play.StreamNotFound/],
    [
      "of another version",
      ({ socket }) => socket.write(Buffer.alloc(4000, 6)),
      /does not speak RTMP/,
    ],
    [
      "that is one of HTTP",
      ({ socket }) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      /does not speak RTMP/,
    ],
    ["that sends garbage after the handshake", garbage(0xff), /.+/],
    [
      "that claims a message of 16 MB",
      garbage(0x04, 0, 0, 0, 0xff, 0xff, 0xff, 9),
      /does not speak RTMP/,
    ],
    ["that opens chunk streams without end", manyChunkStreams, /does not speak RTMP/],
    [
      "that sets chunks of no size",
      garbage(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0),
      /does not speak RTMP/,
    ],
    ["that sends one byte and then waits", ({ socket }) => socket.write("\x03"), /within 0.3/],
  ])("%s", async (_what, behave, message) => {
    const { url } = await open(behave);
    const limits = /within|[.][+]/.test(message.source) ? SHORT : LONG;
    const failure = (await probe(url, limits).catch((error: unknown) => error)) as SourceError;
    expect(failure).toBeInstanceOf(SourceError);
    expect([failure.reason, failure.message]).toEqual([
      ...["unreachable", expect.stringMatching(message)],
    ]);
  });

  test.each([
    ["where nobody listens", "rtmp://127.0.0.1:1/live/stream"],
    ["whose name nobody knows", "rtmp://nobody.invalid/live/stream"],
    ["that is there, but speaks without TLS", "rtmps"],
  ])("%s", async (_what, address) => {
    const { url } = await open(isSilent);
    const target = address === "rtmps" ? url.replace("rtmp:", "rtmps:") : address;
    await expect(probe(target, SHORT)).rejects.toMatchObject({ reason: "unreachable" });
  });

  test("when it is a web server", async () => {
    const web = createServer((_request, response) => response.end());
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    const { port } = web.address() as AddressInfo;
    await expect(probe(`rtmp://127.0.0.1:${port}/a/b`)).rejects.toMatchObject({
      reason: "unreachable",
    });
    web.close();
  });
});

test("an endless RTMP stream is read up to the budget", async () => {
  const { url } = await open(async (conversation) => {
    await shakeHands(conversation);
    const nothing = writeMessage(MESSAGE.command, encodeAmf("onBWDone", "x".repeat(60_000)));
    const more = () => {
      while (conversation.socket.write(nothing));
      conversation.socket.once("drain", more);
    };
    more();
  });
  await expect(probe(url, { bytesMax: 500_000, timeLimitMs: 20_000 })).rejects.toMatchObject({
    message: "More than 500000 bytes would have to be read.",
  });
});

test("reading an RTMP stream leaves no open connection", async () => {
  let closed = 0;
  const { url } = await open((conversation) => {
    conversation.socket.on("close", () => (closed += 1));
    return plays(conversation);
  });
  await probe(url);
  while (closed < 1) await new Promise(setImmediate);
  expect(closed).toBe(1);
});

describe("an RTMP message", () => {
  const all = async (bytes: Buffer) => {
    const read = [];
    try {
      for await (const message of readMessages(byteReader([bytes]))) read.push(message);
    } catch {
      // It ends where the bytes end.
    }
    return read;
  };

  test.each([0, 1, 127, 128, 129, 256, 5000])(
    "of %d bytes is decoded as it was encoded",
    async (size) => {
      const bytes = Buffer.alloc(size, 0xc3);
      const after = Buffer.of(1, 2, 3);
      const read = await all(Buffer.concat([writeMessage(9, bytes, 1), writeMessage(8, after, 1)]));
      expect(read.map(({ type, bytes: each }) => [type, each.length])).toEqual([
        ...[
          [9, size],
          [8, 3],
        ],
      ]);
    },
  );

  test("is assembled from interleaved chunks of any size", async () => {
    const read = await all(
      Buffer.concat([
        Buffer.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 2), // two bytes a chunk from here on
        Buffer.of(4, 0, 0, 10, 0, 0, 3, 8, 1, 0, 0, 0, 0xa, 0xb),
        Buffer.of(6, 0, 0, 20, 0, 0, 3, 9, 1, 0, 0, 0, 0xc, 0xd),
        Buffer.of(0xc4, 0xe),
        Buffer.of(0xc6, 0xf),
        Buffer.of(0x84, 0, 0, 5, 1, 1), // five milliseconds later, the same length
        Buffer.of(0xc4, 1),
        Buffer.of(0xc4, 2, 2), // and once more
        Buffer.of(0xc4, 2),
      ]),
    );
    expect(read.map(({ type, timestampMs, bytes }) => [type, timestampMs, [...bytes]])).toEqual([
      [8, 10, [0xa, 0xb, 0xe]],
      [9, 20, [0xc, 0xd, 0xf]],
      [8, 15, [1, 1, 1]],
      [8, 20, [2, 2, 2]],
    ]);
  });

  test("that is an aggregate gives each part with its own time", async () => {
    const [first, second, later] = [sound(5000), frame(5040), sound(5080)];
    const inside = flvOf(first, second, later).subarray(13);
    const aggregate = writeMessage(22, inside, 1);
    aggregate.writeUIntBE(90_000, 1, 3);
    const read = await all(Buffer.concat([aggregate, writeMessage(8, Buffer.of(1), 1)]));
    expect(read.map(({ type, timestampMs, bytes }) => [type, timestampMs, bytes])).toEqual([
      [8, 90_000, first.data],
      [9, 90_040, second.data],
      [8, 90_080, later.data],
      [8, 0, Buffer.of(1)],
    ]);
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["half a head", Buffer.alloc(7, 9)],
    ["a message that is longer than it", Buffer.of(9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 7)],
  ])("that is an aggregate with %s ends there", async (_what, inside) => {
    const after = writeMessage(8, Buffer.of(1), 1);
    const read = await all(Buffer.concat([writeMessage(22, inside, 1), after]));
    expect(read.at(-1)).toMatchObject({ type: 8, bytes: Buffer.of(1) });
  });

  test("in chunks of one byte uses no more memory than its size", async () => {
    const size = 60_000;
    const one = Buffer.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1);
    const head = Buffer.of(4, 0, 0, 0, 0, size >> 8, size & 0xff, 9, 1, 0, 0, 0, 0xab);
    const rest = Buffer.alloc(2 * (size - 1), Buffer.of(0xc4, 0xab));
    const [message] = await all(Buffer.concat([one, head, rest]));
    expect(message?.bytes.equals(Buffer.alloc(size, 0xab))).toBe(true);
    expect(message?.bytes.buffer.byteLength).toBe(size);
  });

  test("that is hours into the stream has its extended time in each chunk", async () => {
    const time = [1, 0, 0, 0];
    const size = Buffer.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1);
    const first = Buffer.of(4, 0xff, 0xff, 0xff, 0, 0, 2, 8, 1, 0, 0, 0, ...time, 7);
    const read = await all(Buffer.concat([size, first, Buffer.of(0xc4, ...time, 8)]));
    expect(read.map(({ timestampMs, bytes }) => [timestampMs, [...bytes]])).toEqual([
      [2 ** 24, [7, 8]],
    ]);
  });
});

function garbage(...bytes: number[]): Behaviour {
  return async (conversation) => {
    await shakeHands(conversation);
    conversation.socket.end(Buffer.concat([Buffer.from(bytes), Buffer.alloc(2000, 0xff)]));
  };
}

async function manyChunkStreams(conversation: Parameters<Behaviour>[0]): Promise<void> {
  await shakeHands(conversation);
  for (let id = 3; id < 63; id += 1) {
    conversation.socket.write(
      Buffer.of(id, 0, 0, 0, 0, 0, 200, 9, 0, 0, 0, 0, ...Buffer.alloc(128)),
    );
  }
}
