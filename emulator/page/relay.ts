/**
 * Passes on the media of a live task for browsers that its server does not allow (CORS). It is not
 * an open proxy. It fetches only addresses that the emulator wrote: the StreamUrl, and addresses of
 * the same server in its playlists. The task must be live.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SECOND_MS } from "../../shared/clock.js";
import { type JsonAnswer, notFound } from "../admin/admin.js";
import type { Task } from "../tasks/task.js";
import type { World } from "../world.js";
import { PLAYLIST_MARK, rewritePlaylist } from "./playlist.js";
import { isProven, relayPath } from "./relay-path.js";
import { MEDIA_HEADERS } from "./security-headers.js";
import type { RoomAddress } from "./view.js";

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** More than a room of robots needs, and a light load: nothing is kept in memory. */
const AT_ONCE_MAX = 32;

/** The limit until the answer's head arrives. The body may flow as long as the task plays. */
const HEAD_TIME_LIMIT_MS = 10 * SECOND_MS;

/** Each line costs an address with its own proof. An hour of segments fits. */
const PLAYLIST_BYTES_MAX = 256 * 1024;
const PLAYLIST_LINES_MAX = 10_000;

/** Statuses of the media's server that are passed on unchanged. */
const PASSED_STATUSES = [200, 206, 404, 416];

const PASSED_HEADERS = ["accept-ranges", "content-length", "content-range", "etag"];

/** Other types could be a page or a script, which must not run under the emulator's address. */
const MEDIA_TYPE = /^(video\/|audio\/|application\/(octet-stream|mp4|vnd\.apple\.mpegurl)\b)/i;

const underWay = new WeakMap<World, number>();

/** Returns the refusal. Undefined when the answer was sent. */
export async function relayMedia(
  world: World,
  exchange: Exchange,
  { room, query }: { room: RoomAddress; query: URLSearchParams },
): Promise<JsonAnswer | undefined> {
  const task = world.tasks.find(query.get("task") ?? "");
  const [url, proof] = [query.get("url") ?? "", query.get("proof") ?? ""];
  if (!task || !isIn(task, room) || !world.tasks.isLive(task)) return notFound;
  if (!isProven(task, { url, proof }) || !/^https?:/i.test(url)) return notFound;
  const count = underWay.get(world) ?? 0;
  if (count >= AT_ONCE_MAX) {
    return { status: 503, body: { error: `The relay carries ${AT_ONCE_MAX} streams at once.` } };
  }
  underWay.set(world, count + 1);
  try {
    return await passOn(world, exchange, { task, url });
  } finally {
    underWay.set(world, (underWay.get(world) ?? 1) - 1);
  }
}

const isIn = (task: Task, { sdkAppId, roomId, roomIdType }: RoomAddress): boolean =>
  task.sdkAppId === sdkAppId && task.roomId === roomId && task.roomIdType === roomIdType;

async function passOn(
  world: World,
  { request, response }: Exchange,
  { task, url }: { task: Task; url: string },
): Promise<JsonAnswer | undefined> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const upstream = await openUpstream(world, { url, range: request.headers.range, gone });
  if (!upstream || !PASSED_STATUSES.includes(upstream.status)) {
    await upstream?.body?.cancel();
    return { status: 502, body: { error: "The media's server does not answer with media." } };
  }
  const { status, headers, body } = upstream;
  const reader = body?.getReader();
  const first = await reader?.read();
  const head = Buffer.from(first?.value ?? []);
  const isCurrent = (): boolean => {
    const now = world.tasks.find(task.taskId);
    return now?.sourceVersion === task.sourceVersion && world.tasks.isLive(now);
  };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield head;
    for (;;) {
      const next = await reader?.read();
      if (!next || next.done) return;
      // The task has ended: cut the connection, so that the viewer's player notices.
      if (!isCurrent()) throw new Error("The task has ended.");
      yield next.value;
    }
  }

  if (head.subarray(0, PLAYLIST_MARK.length).toString() === PLAYLIST_MARK) {
    const text = await readText(bytes());
    // The rest of the body has no reader, so the fetch ends.
    if (text === undefined) gone.abort();
    if (text === undefined || countLines(text) > PLAYLIST_LINES_MAX) {
      return { status: 502, body: { error: TOO_LONG } };
    }
    const base = upstream.url || url;
    response.writeHead(200, { ...MEDIA_HEADERS, "content-type": "application/vnd.apple.mpegurl" });
    for (const part of partsOf(text)) {
      response.write(
        rewritePlaylist(part, { base, relayed: (mediaUrl) => relayPath(task, mediaUrl) }),
      );
      // Lets other work run.
      await new Promise(setImmediate);
    }
    response.end();
    return undefined;
  }
  const type = headers.get("content-type") ?? "";
  response.writeHead(status, {
    ...MEDIA_HEADERS,
    ...Object.fromEntries(
      PASSED_HEADERS.flatMap((name) => {
        const value = headers.get(name);
        return value === null ? [] : [[name, value]];
      }),
    ),
    "content-type": MEDIA_TYPE.test(type) ? type : "application/octet-stream",
  });
  await pipeline(Readable.from(bytes()), response);
  return undefined;
}

/** Undefined when no head arrives in time. */
async function openUpstream(
  world: World,
  { url, range, gone }: { url: string; range: string | undefined; gone: AbortController },
): Promise<Response | undefined> {
  const answered = new AbortController();
  void world.arrivalClock.sleep(HEAD_TIME_LIMIT_MS, answered.signal).then(() => {
    if (!answered.signal.aborted) gone.abort();
  });
  try {
    return await fetch(url, {
      headers: { "accept-encoding": "identity", ...(range !== undefined && { range }) },
      signal: gone.signal,
    });
  } catch {
    return undefined;
  } finally {
    answered.abort();
  }
}

const TOO_LONG =
  `The playlist is too long: ${PLAYLIST_BYTES_MAX / 1024} kB and ` +
  `${PLAYLIST_LINES_MAX} lines are relayed at most.`;

/** Stops counting at the limit. */
function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0 && count <= PLAYLIST_LINES_MAX; count += 1) {
    at = text.indexOf("\n", at + 1);
  }
  return count;
}

/** This many lines are handled in one turn of the event loop. */
function* partsOf(text: string): Generator<string> {
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += PART_LINES) {
    const isLast = at + PART_LINES >= lines.length;
    yield lines.slice(at, at + PART_LINES).join("\n") + (isLast ? "" : "\n");
  }
}

const PART_LINES = 500;

async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    length += chunk.byteLength;
    if (length > PLAYLIST_BYTES_MAX) return undefined;
  }
  return Buffer.concat(kept).toString();
}
