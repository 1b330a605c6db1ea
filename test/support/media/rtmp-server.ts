/** RTMP servers for tests over real TCP: one that plays, and several that fail. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type AmfPlain, decodeAmf, encodeAmf } from "../../../shared/media/flv/amf0.js";
import { type ByteReader, byteReader } from "../../../shared/media/byte-reader.js";
import {
  MESSAGE,
  readMessages,
  writeMessage,
} from "../../../emulator/source/rtmp/rtmp-messages.js";
import { flvOf, flvTags } from "./flv.js";
import { sample } from "./media.js";
import { breakOff } from "../break-off.js";

export interface Conversation {
  socket: Socket;
  bytes: ByteReader;
  /** The client's commands so far, with their fields. */
  asked: unknown[][];
}

export type Behaviour = (conversation: Conversation) => unknown;

export interface RtmpServer {
  url: string;
  asked: unknown[][];
  connections: () => number;
  close: () => Promise<void>;
}

/** Does not keep the process alive, so a test file may leave it open. */
export async function startRtmpServer(behave: Behaviour = plays): Promise<RtmpServer> {
  const sockets = new Set<Socket>();
  const asked: unknown[][] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket.unref());
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    const bytes = byteReader(socket);
    // A client that knows enough disconnects at any point.
    void Promise.resolve(behave({ socket, bytes, asked })).catch(() => undefined);
  });
  server.unref().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `rtmp://127.0.0.1:${port}/live/stream`,
    asked,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Plays a sample to every client, then keeps the connection open as a live stream does. */
export const plays = (
  conversation: Conversation,
  messages: Buffer = SAMPLE_MESSAGES,
): Promise<void> =>
  answers(
    conversation,
    {
      connect: RESULT,
      createStream: ["_result", 2, null, 1],
      play: ["onStatus", 0, null, { level: "status", code: "NetStream.Play.Start" }],
    },
    messages,
  );

/** The sample with several messages in one, as servers send recordings. */
export function aggregates(count: number): Buffer {
  const tags = flvTags(sample("small.flv"));
  const parts: Buffer[] = [];
  for (let at = 0; at < tags.length; at += count) {
    const tagBytes = flvOf(...tags.slice(at, at + count)).subarray(FLV_HEAD_BYTES);
    parts.push(writeMessage(22, tagBytes, 1));
  }
  return Buffer.concat(parts);
}

const FLV_HEAD_BYTES = 13;

export const refusesToConnect: Behaviour = (conversation) =>
  answers(conversation, {
    connect: ["_error", 1, null, { level: "error", code: "NetConnection.Connect.Rejected" }],
  });

export const hasNoSuchStream: Behaviour = (conversation) =>
  answers(conversation, {
    connect: RESULT,
    createStream: ["_result", 2, null, 1],
    play: ["onStatus", 0, null, { level: "status", code: "NetStream.Play.StreamNotFound" }],
  });

export const saysNothingAfterConnect: Behaviour = (conversation) =>
  answers(conversation, { connect: RESULT });

export const shakesHandsOnly: Behaviour = (conversation) => answers(conversation, {});

export const shakesHalfAHand: Behaviour = ({ socket }) => socket.write(Buffer.alloc(700, 3));

export const isSilent: Behaviour = () => undefined;

export const resets: Behaviour = ({ socket }) => {
  breakOff(socket);
};

const RESULT: AmfPlain[] = [
  ...["_result", 1, { fmsVer: "FMS/3,0,1,123" }],
  { level: "status", code: "NetConnection.Connect.Success" },
];

export async function shakeHands({ socket, bytes }: Conversation): Promise<void> {
  await bytes.read(1 + 1536);
  socket.write(Buffer.of(3));
  socket.write(Buffer.alloc(2 * 1536, 7));
  await bytes.read(1536);
}

async function answers(
  conversation: Conversation,
  answerOf: Readonly<Record<string, AmfPlain[]>>,
  messages: Buffer = SAMPLE_MESSAGES,
): Promise<void> {
  await shakeHands(conversation);
  for await (const { type, bytes } of readMessages(conversation.bytes)) {
    if (type !== MESSAGE.command) continue;
    const command = decodeAmf(bytes);
    conversation.asked.push(command);
    const [name] = command;
    const answer = typeof name === "string" ? answerOf[name] : undefined;
    if (!answer) continue;
    conversation.socket.write(writeMessage(MESSAGE.command, encodeAmf(...answer)));
    const isStarted = JSON.stringify(answer).includes("Play.Start");
    if (isStarted) conversation.socket.write(messages);
  }
}

const SAMPLE_MESSAGES = Buffer.concat(
  flvTags(sample("small.flv")).map(({ type, data }) => writeMessage(type, data, 1)),
);
