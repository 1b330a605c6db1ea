/**
 * Turns HTTP into the events of SCF's function URLs. In the cloud each function has a host of its
 * own; here `POST /` is `api`, and each function is at `/<its name>`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { HttpAnswer } from "../shared/runtime/envelope.js";
import type { LocalFunction } from "./functions.js";
import { invoke, TimeLimitError } from "./platform.js";

/** What SCF takes at most in one synchronous event. */
const EVENT_MAX_BYTES = 6 * 1024 * 1024;

/** A request that comes before the functions are loaded waits for them. */
export function createGateway(
  functions: readonly LocalFunction[] | Promise<readonly LocalFunction[]>,
): Server {
  const paths = Promise.resolve(functions).then(pathsOf);
  // Whoever loads them hears of what goes wrong, also when nobody asks here.
  paths.catch(() => undefined);
  return createServer((request, response) => {
    serve(paths, request, response).catch((error: unknown) => {
      refuse(response, error instanceof TimeLimitError ? 504 : 502, String(error));
    });
  });
}

function pathsOf(functions: readonly LocalFunction[]): ReadonlyMap<string, LocalFunction> {
  const byPath = new Map(
    functions.filter(({ isHttp }) => isHttp).map((each) => [`/${each.name}`, each]),
  );
  const api = byPath.get("/api");
  if (api) byPath.set("/", api);
  return byPath;
}

async function serve(
  paths: Promise<ReadonlyMap<string, LocalFunction>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const byPath = await paths;
  const [path = "/", ...query] = (request.url ?? "/").split("?");
  const target = byPath.get(path);
  if (!target) {
    refuse(response, 404, `There is no function here. Try ${[...byPath.keys()].join(", ")}`);
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    refuse(response, 413, "The body is over 6 MB");
    return;
  }
  const event = {
    httpMethod: request.method,
    path: "/",
    headers: headersOf(request),
    queryString: Object.fromEntries(new URLSearchParams(query.join("?"))),
    body: body.toString("utf8"),
  };
  const answer = (await invoke(target, event)) as HttpAnswer;
  response.writeHead(answer.statusCode, answer.headers).end(answer.body);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Read to its end all the same: a client that is still sending would not hear the answer.
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

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify({ message })}\n`);
}
