/**
 * The gateway of a run on this machine: the functions at their paths, for this machine's user only.
 * A function that takes events has no URL in the cloud. Here it takes them at
 * `/_local/events/<its name>`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { EVENTS_PATH } from "./environment/run-file.js";
import { type Desk, isDeskPath, serveDesk } from "./desk.js";
import type { HostedFunction } from "../server/declared/functions.js";
import { foreignEnvelope, foreignIn, isJson } from "../emulator/api/foreign.js";
import {
  type Paths,
  pathOf,
  pathsOf,
  readBody,
  refuseBroken,
  serveFunction,
} from "../server/http.js";
import { invoke } from "../server/platform.js";
import { withoutMark } from "../shared/json.js";
import { answerUnreadable, HEADER_BYTES_MAX } from "../shared/network/unreadable.js";

/** A request before the functions are loaded waits for them. */
export function createGateway(
  functions: readonly HostedFunction[] | Promise<readonly HostedFunction[]>,
  deskNow: () => Desk | undefined = () => undefined,
): Server {
  const routes = Promise.resolve(functions).then((loaded) => ({
    paths: pathsOf(loaded),
    events: eventsOf(loaded),
  }));
  // The code that loads them reports the failure, so this handler ignores it.
  routes.catch(() => undefined);
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    serve({ routes, deskNow }, request, response).catch((error: unknown) => {
      refuseBroken(request, response, error);
    });
  });
  return answerUnreadable(server);
}

/** The functions that read their event in the body. */
const eventsOf = (functions: readonly HostedFunction[]): Paths =>
  new Map(
    functions
      .filter(({ isHttp }) => !isHttp)
      .map((target) => [`${EVENTS_PATH}${target.name}`, target]),
  );

interface Routing {
  routes: Promise<{ paths: Paths; events: Paths }>;
  /** For other commands of this machine, once the run is open. */
  deskNow: () => Desk | undefined;
}

async function serve(
  { routes, deskNow }: Routing,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request);
  const foreign = foreignIn(request);
  if (foreign !== undefined) {
    request.resume();
    const isOwn = isDeskPath(path) || path.startsWith(EVENTS_PATH);
    sendJson(response, 403, isOwn ? { message: foreign } : foreignEnvelope(foreign));
    return;
  }
  const { paths, events } = await routes;
  if (isDeskPath(path)) return serveDesk(deskNow(), request, response);
  const eventTarget = events.get(path);
  if (eventTarget) return serveEvent(eventTarget, request, response);
  return serveFunction(paths, request, response);
}

/**
 * The body is the event. The path needs no key, so web pages must not reach it. A page must first
 * ask to send JSON to another origin, and it gets no permission. A foreign host name is refused
 * too.
 */
async function serveEvent(
  target: HostedFunction,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (request.method !== "POST" || !isJson(request.headers["content-type"])) {
    sendJson(response, 403, { message: "POST the event as application/json, from this machine" });
    return;
  }
  const event = body && parseJson(body);
  if (event === undefined) {
    sendJson(response, 400, { message: "The event is wrong: send JSON of at most 6 MB" });
    return;
  }
  const answer = await invoke(target, event).catch((error: unknown) => ({ thrown: String(error) }));
  sendJson(response, 200, answer ?? null);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(withoutMark(body.toString("utf8")));
  } catch {
    return undefined;
  }
}
