/**
 * RTMP and RTMPS: the handshake, `connect`, `createStream` and `play`, then enough of the stream to
 * know its tracks. A server that refuses, fails or stays silent is unreachable, and so is an
 * unpublished stream. RTMP media have no end. Source: Adobe, Real Time Messaging Protocol, 2012,
 * sections 5.2 and 7.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Media, SourceError } from "../../../shared/media/media.js";
import {
  type AmfPlain,
  type AmfValue,
  decodeAmf,
  encodeAmf,
} from "../../../shared/media/flv/amf0.js";
import type { Budget } from "../../../shared/media/budget.js";
import { type ByteReader, byteReader } from "../../../shared/media/byte-reader.js";
import { causeOf } from "../../../shared/media/cause.js";
import { MESSAGE, readMessages, writeMessage } from "./rtmp-messages.js";
import { serverNameOf, type Target, targetOf } from "./rtmp-target.js";
import { inTurns } from "../../../shared/media/turns.js";
import {
  isObject,
  type StreamMessage,
  streamFacts,
} from "../../../shared/media/flv/stream-facts.js";

const VERSION = 3;
const HANDSHAKE_BYTES = 1536;

/** Servers expect acknowledgements. No server in use has a smaller window. */
const ACKNOWLEDGED_BYTES = 500_000;

/** The numbers of the two commands whose answers carry a number. */
const CONNECT = 1;
const CREATE_STREAM = 2;

const USER_CONTROL = { bufferLength: 3, ping: 6, pong: 7 };
const BUFFER_MS = 1000;

export async function readRtmp(streamUrl: string, budget: Budget): Promise<Media> {
  const target = targetOf(streamUrl);
  const socket = open(target);
  const destroy = () => socket.destroy();
  budget.signal.addEventListener("abort", destroy, { once: true });
  try {
    const bytes = byteReader(inTurns(received(socket, budget)));
    await shakeHands(socket, bytes);
    return await play(target, { socket, bytes });
  } catch (error) {
    if (error instanceof SourceError || budget.signal.aborted) throw error;
    throw new SourceError("unreachable", causeOf(error));
  } finally {
    budget.signal.removeEventListener("abort", destroy);
    socket.destroy();
  }
}

function open(target: Target): Socket {
  const { isSecure, host, port } = target;
  const socket = isSecure
    ? connectTls({ host, port, ...serverNameOf(target) })
    : connect({ host, port });
  // The reader sees the error too. This handler catches errors after the reader has left.
  return socket.on("error", () => undefined);
}

async function* received(socket: Socket, { spend, signal }: Budget): AsyncGenerator<Buffer> {
  let total = 0;
  let acknowledged = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (!spend(chunk.length)) throw signal.reason;
    total += chunk.length;
    if (total - acknowledged > ACKNOWLEDGED_BYTES) {
      const count = Buffer.alloc(4);
      count.writeUInt32BE(total);
      socket.write(writeMessage(MESSAGE.acknowledgement, count));
      acknowledged = total;
    }
    yield chunk;
  }
}

/** The simple handshake: it returns the server's bytes without checking them. */
async function shakeHands(socket: Socket, bytes: ByteReader): Promise<void> {
  socket.write(Buffer.of(VERSION));
  socket.write(Buffer.alloc(HANDSHAKE_BYTES));
  const version = (await bytes.read(1)).readUInt8();
  if (version !== VERSION) throw new SourceError("unreachable", "The server does not speak RTMP.");
  socket.write(await bytes.read(HANDSHAKE_BYTES));
  await bytes.read(HANDSHAKE_BYTES);
}

interface Connection {
  socket: Socket;
  bytes: ByteReader;
}

async function play(target: Target, { socket, bytes }: Connection): Promise<Media> {
  const facts = streamFacts();
  const command = (values: AmfPlain[], streamNumber?: number) =>
    socket.write(writeMessage(MESSAGE.command, encodeAmf(...values), streamNumber));
  const control = (event: number, payload: Buffer) =>
    socket.write(writeMessage(MESSAGE.userControl, Buffer.concat([Buffer.of(0, event), payload])));

  command(["connect", CONNECT, connectFields(target)]);
  try {
    for await (const message of readMessages(bytes)) {
      if (message.type === MESSAGE.userControl) answerPing(message);
      else if (isCommand(message)) answerCommand(valuesOf(message));
      else facts.note(message);
      if (facts.isComplete()) break;
    }
  } catch (error) {
    // The time is up or the stream was cut. If something was played, the source counts as open.
    if (error instanceof SourceError || facts.tracks().length === 0) throw error;
  }
  return { container: "rtmp", durationSeconds: null, tracks: facts.tracks() };

  function answerPing({ bytes: event }: StreamMessage): void {
    if (event.readUInt8(1) === USER_CONTROL.ping) control(USER_CONTROL.pong, event.subarray(2));
  }

  function answerCommand([name, number, , info]: AmfValue[]): void {
    if (name === "_error") throw refused(info);
    if (name === "onStatus" && isFailure(info)) throw refused(info);
    if (name !== "_result") return;
    if (number === CONNECT) command(["createStream", CREATE_STREAM, null]);
    if (number !== CREATE_STREAM || typeof info !== "number") return;
    command(["play", 0, null, target.stream], info);
    const buffer = Buffer.alloc(8);
    buffer.writeUInt32BE(info);
    buffer.writeUInt32BE(BUFFER_MS, 4);
    control(USER_CONTROL.bufferLength, buffer);
  }
}

const connectFields = ({ app, tcUrl }: Target): AmfPlain => ({
  app,
  tcUrl,
  flashVer: "LNX 9,0,124,2",
  fpad: false,
  capabilities: 15,
  audioCodecs: 4071,
  videoCodecs: 252,
  videoFunction: 1,
  objectEncoding: 0,
});

const isCommand = ({ type }: StreamMessage): boolean =>
  type === MESSAGE.command || type === MESSAGE.commandAmf3;

/** A newer command is an older one after one byte. */
const valuesOf = ({ type, bytes }: StreamMessage): AmfValue[] =>
  decodeAmf(type === MESSAGE.commandAmf3 ? bytes.subarray(1) : bytes);

/** Servers use different levels for a missing or ended stream. */
const isFailure = (info: AmfValue): boolean =>
  isObject(info) &&
  (info["level"] === "error" || /NotFound|Failed|Unpublish|Stop/.test(textOf(info["code"])));

function refused(info: AmfValue): SourceError {
  const { code, description } = isObject(info) ? info : {};
  const why = [code, description].map(textOf).filter((text) => text !== "");
  return new SourceError("unreachable", `The server refuses: ${why.join(", ") || "no reason"}.`);
}

const textOf = (value: AmfValue): string => (typeof value === "string" ? value : "");
