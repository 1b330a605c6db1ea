/**
 * The functions over HTTP: a request becomes the event of SCF's function URLs. In the cloud each
 * function has its own host. Here `POST /` is `api`, and each function is at `/<its name>`. `health`
 * is also at `/live` and `/ready`, and `console` has every path below its own.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "../shared/contract/errors.js";
import { type HttpAnswer, refuseWith } from "../shared/runtime/envelope.js";
import { looksSigned } from "../shared/runtime/looks-signed.js";
import type { HostedFunction } from "./declared/functions.js";
import { type Ending, invoke, TimeLimitError } from "./platform.js";

/** The limit of one synchronous event on SCF. */
const EVENT_MAX_BYTES = 6 * 1024 * 1024;

/** What load balancers ask, and scrapers. In the cloud these are paths of the function's own URL. */
const PROBES = ["/live", "/ready"];
const BESIDE_HEALTH = [...PROBES, "/metrics"];
const HEALTH = [...BESIDE_HEALTH, "/health"];

const CONSOLE = "/console";

const isConsole = (path: string): boolean => path === CONSOLE || path.startsWith(`${CONSOLE}/`);

/** The function at each path. */
export type Paths = ReadonlyMap<string, HostedFunction>;

export function pathsOf(functions: readonly HostedFunction[]): Paths {
  const paths = new Map(
    functions.filter(({ isHttp }) => isHttp).map((target) => [`/${target.name}`, target]),
  );
  const api = paths.get("/api");
  if (api) paths.set("/", api);
  const health = paths.get("/health");
  if (health) for (const path of BESIDE_HEALTH) paths.set(path, health);
  return paths;
}

export async function serveFunction(
  paths: Paths,
  request: IncomingMessage,
  response: ServerResponse,
  ending?: Ending,
): Promise<void> {
  const path = pathOf(request);
  const target = paths.get(isConsole(path) ? CONSOLE : path);
  const body = await readBody(request);
  const event = eventOf(request, body);
  const isSigned = looksSigned(event);
  if (!target) {
    const there = [...paths.keys()].join(", ");
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
    const answer = (await invoke(target, event, ending)) as HttpAnswer;
    send(response, answer.statusCode, answer);
  } catch (error) {
    refuse(response, { ...failureOf(error), isSigned });
  }
}

/** The server is ending. A proxy sends the request to another one. */
export async function refuseEnding(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (asksReady(request)) {
    request.resume();
    const headers = { "content-type": "application/json", "retry-after": "1" };
    const body = JSON.stringify({ status: "draining" });
    send(response, 503, { statusCode: 503, headers, body, isBase64Encoded: false });
    return;
  }
  const isSigned = looksSigned(eventOf(request, await readBody(request)));
  const error = new ApiError("ServiceUnavailable", "The server is ending: send the request again.");
  refuse(response, { status: 503, error, isSigned });
}

/** The platform failed before the function could answer. */
export function refuseBroken(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  refuse(response, { ...failureOf(error), isSigned: looksSigned(eventOf(request)) });
}

const failureOf = (error: unknown) => ({
  status: error instanceof TimeLimitError ? 504 : 502,
  error: new ApiError("InternalError", String(error)),
});

/** A load balancer asks whether to send requests here. */
export const asksReady = (request: IncomingMessage): boolean => pathOf(request) === "/ready";

export const pathOf = (request: IncomingMessage): string => urlOf(request).path;

function urlOf({ url = "/" }: IncomingMessage): { path: string; query: string } {
  const [path = "/", ...query] = url.split("?");
  return { path, query: query.join("?") };
}

/**
 * The form of SCF's function URLs. It also has the raw query, which AWS passes on and SCF does not.
 */
function eventOf(request: IncomingMessage, body?: Buffer) {
  const { path, query } = urlOf(request);
  return {
    httpMethod: request.method,
    // A signature covers the path, which is `/` at each function's own host.
    path: HEALTH.includes(path) || isConsole(path) ? path : "/",
    headers: headersOf(request),
    queryString: Object.fromEntries(new URLSearchParams(query)),
    rawQueryString: query,
    requestContext: { sourceIp: request.socket.remoteAddress },
    body: body?.toString("utf8") ?? "",
  };
}

export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
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

function send(response: ServerResponse, status: number, answer: HttpAnswer): void {
  const body = Buffer.from(answer.body, answer.isBase64Encoded ? "base64" : "utf8");
  const { headers } = answer;
  // An answer without content says no length of one.
  response.writeHead(
    status,
    status === 304 ? headers : { ...headers, "content-length": body.length },
  );
  response.end(body);
}
