/**
 * Turns HTTP requests into the events of SCF's function URLs. In the cloud each function has its
 * own host. Here `POST /` is `api`, and each function is at `/<its name>`. A function that takes
 * events has no URL in the cloud. Here it takes them at `/_local/events/<its name>`.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ApiError } from "../shared/contract/errors.js";
import { type HttpAnswer, refuseWith } from "../shared/runtime/envelope.js";
import { looksSigned } from "../shared/runtime/looks-signed.js";
import { EVENTS_PATH } from "./environment/run-file.js";
import { type Desk, isDeskPath, serveDesk } from "./desk.js";
import type { LocalFunction } from "./declared/functions.js";
import { foreignIn, isJson } from "../emulator/api/foreign.js";
import { invoke, TimeLimitError } from "./platform.js";

/** The limit of one synchronous event on SCF. */
const EVENT_MAX_BYTES = 6 * 1024 * 1024;

/** A request before the functions are loaded waits for them. */
export function createGateway(
  functions: readonly LocalFunction[] | Promise<readonly LocalFunction[]>,
  deskNow: () => Desk | undefined = () => undefined,
): Server {
  const paths = Promise.resolve(functions).then(pathsOf);
  // The code that loads them reports the failure, so this handler ignores it.
  paths.catch(() => undefined);
  return createServer((request, response) => {
    serve({ paths, deskNow }, request, response).catch((error: unknown) => {
      refuse(response, { ...failureOf(error), isSigned: looksSigned(eventOf(request)) });
    });
  });
}

/** The handler of each path. It makes an event from the request, or reads the event in the body. */
interface Paths {
  requests: ReadonlyMap<string, LocalFunction>;
  events: ReadonlyMap<string, LocalFunction>;
}

function pathsOf(functions: readonly LocalFunction[]): Paths {
  const requests = new Map(
    functions.filter(({ isHttp }) => isHttp).map((target) => [`/${target.name}`, target]),
  );
  const api = requests.get("/api");
  if (api) requests.set("/", api);
  const events = new Map(
    functions
      .filter(({ isHttp }) => !isHttp)
      .map((target) => [`${EVENTS_PATH}${target.name}`, target]),
  );
  return { requests, events };
}

interface Routing {
  paths: Promise<Paths>;
  /** For other commands of this machine, once the run is open. */
  deskNow: () => Desk | undefined;
}

async function serve(
  { paths, deskNow }: Routing,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const foreign = foreignIn(request);
  if (foreign !== undefined) {
    request.resume();
    sendJson(response, 403, { message: foreign });
    return;
  }
  const { requests, events } = await paths;
  const { path } = urlOf(request);
  if (isDeskPath(path)) return serveDesk(deskNow(), request, response);
  const eventTarget = events.get(path);
  if (eventTarget) return serveEvent(eventTarget, request, response);
  const target = requests.get(path);
  const body = await readBody(request);
  const event = eventOf(request, body);
  const isSigned = looksSigned(event);
  if (!target) {
    const there = [...requests.keys()].join(", ");
    const error = new ApiError("ResourceNotFound", `There is no function here: send to ${there}.`);
    refuse(response, { status: 404, error, isSigned });
    return;
  }
  if (body === undefined) {
    const error = new ApiError("RequestSizeLimitExceeded", "The body is over 6 MB: send less.");
    refuse(response, { status: 413, error, isSigned });
    return;
  }
  try {
    const answer = (await invoke(target, event)) as HttpAnswer;
    send(response, answer.statusCode, answer);
  } catch (error) {
    refuse(response, { ...failureOf(error), isSigned });
  }
}

const failureOf = (error: unknown) => ({
  status: error instanceof TimeLimitError ? 504 : 502,
  error: new ApiError("InternalError", String(error)),
});

function urlOf({ url = "/" }: IncomingMessage): { path: string; query: string } {
  const [path = "/", ...query] = url.split("?");
  return { path, query: query.join("?") };
}

/**
 * The form of SCF's function URLs. It also has the raw query, which AWS passes on and SCF does not.
 */
function eventOf(request: IncomingMessage, body?: Buffer) {
  const { query } = urlOf(request);
  return {
    httpMethod: request.method,
    path: "/",
    headers: headersOf(request),
    queryString: Object.fromEntries(new URLSearchParams(query)),
    rawQueryString: query,
    body: body?.toString("utf8") ?? "",
  };
}

/**
 * The body is the event. The path needs no key, so web pages must not reach it. A page must first
 * ask to send JSON to another origin, and it gets no permission. A foreign host name is refused
 * too.
 */
async function serveEvent(
  target: LocalFunction,
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
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Reads to the end, so that a sending client still receives the answer.
    if (bytes <= EVENT_MAX_BYTES) chunks.push(chunk);
  }
  return bytes > EVENT_MAX_BYTES ? undefined : Buffer.concat(chunks);
}

const headersOf = ({ headers, socket }: IncomingMessage): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(",") : (value ?? ""),
    ]),
  ),
  "x-scf-remote-addr": socket.remoteAddress ?? "",
});

interface Refusal {
  /** The platform's status. A signed caller gets 200, as from the functions. */
  status: number;
  error: ApiError;
  isSigned: boolean;
}

function refuse(response: ServerResponse, { status, error, isSigned }: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const answer = refuseWith(error, { requestId: randomUUID(), isSigned });
  send(response, isSigned ? answer.statusCode : status, answer);
}

function send(response: ServerResponse, status: number, { headers, body }: HttpAnswer): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
