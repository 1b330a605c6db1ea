/** The pages, their script, their data and the relay: everything for a viewer in a browser. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type JsonAnswer, notAllowed, notFound } from "../admin/admin.js";
import type { World } from "../world.js";
import { pageAsset } from "./assets.js";
import { withIngests } from "./explain.js";
import { renderPage } from "./html.js";
import { relayMedia } from "./relay.js";
import { readRoomPath } from "./room-address.js";
import { roomsView, roomView } from "./rooms.js";
import { PAGE_HEADERS } from "./security-headers.js";
import type { RoomAddress } from "./view.js";

export interface PageExchange {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: string;
}

const ROOMS = "/rooms/";
const DATA = "/_emulator/rooms";
const ASSETS = "/page/";

/**
 * Checks whether a request for `/` comes from a browser and not from an SDK. Tencent's calls are
 * signed and name their action in the query or a header.
 */
export function isForEyes({ method, headers }: IncomingMessage, query: string): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  if (!/\btext\/html\b/i.test(headers.accept ?? "")) return false;
  if (headers.authorization !== undefined || headers["x-tc-action"] !== undefined) return false;
  const names = new URLSearchParams(query);
  return !names.has("Action") && !names.has("Signature");
}

export const isPagePath = (path: string): boolean =>
  path.startsWith(ROOMS) || path === DATA || path.startsWith(`${DATA}/`) || path.startsWith(ASSETS);

/** Returns the JSON to answer with. Undefined when the answer was already sent. */
export async function answerPage(
  world: World,
  exchange: PageExchange,
): Promise<JsonAnswer | undefined> {
  const { request, path } = exchange;
  if (!["GET", "HEAD"].includes(request.method ?? "")) return notAllowed("GET or HEAD");
  if (path === "/") {
    sendRooms(world, exchange);
    return undefined;
  }
  if (path === DATA) return { status: 200, body: roomsView(world) };
  if (path.startsWith(ASSETS)) return await sendAsset(exchange, path.slice(ASSETS.length));
  const isData = path.startsWith(DATA);
  const query = new URLSearchParams(exchange.query);
  const rest = path.slice(isData ? DATA.length + 1 : ROOMS.length);
  const roomPath = readRoomPath(rest, query);
  if (!roomPath) return notFound;
  const { room, rest: subpath } = roomPath;
  if (isData) {
    if (subpath !== "") return notFound;
    return { status: 200, body: await withIngests(roomView(world, room), world.findIngests) };
  }
  if (subpath === "/media") {
    if (request.method !== "GET") return notAllowed("GET");
    return await relayMedia(world, exchange, { room, query });
  }
  if (subpath !== "") return notFound;
  await sendRoom(world, exchange, room);
  return undefined;
}

function sendRooms(world: World, exchange: PageExchange): void {
  const state = roomsView(world);
  sendHtml(exchange, renderPage({ title: "Rooms · TRTC emulator", entry: "rooms", state }));
}

async function sendRoom(world: World, exchange: PageExchange, room: RoomAddress): Promise<void> {
  const state = { room, view: await withIngests(roomView(world, room), world.findIngests) };
  sendHtml(exchange, renderPage({ title: `${room.roomId} · TRTC emulator`, entry: "room", state }));
}

async function sendAsset(exchange: PageExchange, name: string): Promise<JsonAnswer | undefined> {
  const asset = await pageAsset(name);
  if (!asset) return notFound;
  send(exchange, asset);
  return undefined;
}

const sendHtml = (exchange: PageExchange, html: string): void =>
  send(exchange, { bytes: Buffer.from(html), type: "text/html; charset=utf-8" });

function send(
  { request, response }: PageExchange,
  { bytes, type }: { bytes: Buffer; type: string },
): void {
  response.writeHead(200, {
    ...PAGE_HEADERS,
    "content-type": type,
    "content-length": bytes.length,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}
