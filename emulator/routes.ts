/**
 * The handler of each path: Tencent's API on `/`, and beside it the emulator's own endpoints, media
 * and pages. A browser sees the rooms on `/`.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { answerAdmin, type JsonAnswer, notAllowed, notFound } from "./admin/admin.js";
import { answerApi } from "./api/api-exchange.js";
import { foreignEnvelope, foreignIn } from "./api/foreign.js";
import { mediaFile } from "./media-files.js";
import { answerPage, isForEyes, isPagePath } from "./page/answer-page.js";
import { readBody } from "./api/read-body.js";
import { serveBytes } from "./serve-bytes.js";
import type { World } from "./world.js";

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: string;
}

/** The emulator's own endpoints need small bodies only, such as a set of switches. */
const ADMIN_BODY_BYTES_MAX = 64 * 1024;

const MEDIA = "/media/";

export function makeRoutes(
  world: World,
  { allowRemote }: { allowRemote: boolean },
): RequestListener {
  return (request, response) => {
    // Measured first: the limit is on the caller's pace, not on the time of the body.
    const atMs = world.arrivalClock.elapsedMs();
    const [path = "/", ...query] = (request.url ?? "/").split("?");
    const exchange = { request, response, path, query: query.join("?") };
    const isApi = path === "/" && !isForEyes(request, exchange.query);
    const isPage = path === "/" || (isPagePath(path) && !path.endsWith("/media"));
    const { headers } = request;
    const foreign = foreignIn({ headers, isPage: isPage && !isApi, anyHost: allowRemote });
    if (foreign !== undefined) {
      // Still reads the body: otherwise a sending client would miss the answer.
      request.resume();
      sendJson(exchange, {
        status: 403,
        body: isApi ? foreignEnvelope(foreign) : { error: foreign },
      });
      return;
    }
    const answering = isApi ? answerApi(world, { ...exchange, atMs }) : answerOwn(world, exchange);
    // Only a broken connection fails here, so no client is left to answer.
    answering.catch(() => response.destroy());
  };
}

async function answerOwn(world: World, exchange: Exchange): Promise<void> {
  const { request, path } = exchange;
  const { method = "GET" } = request;
  const body = await readBody(request, ADMIN_BODY_BYTES_MAX);
  if (path.startsWith(MEDIA)) {
    answerMedia(exchange);
  } else if (path === "/" || isPagePath(path)) {
    const answer = await answerPage(world, exchange);
    if (answer) sendJson(exchange, answer);
  } else {
    sendJson(
      exchange,
      answerAdmin(world, { method, path, body, type: request.headers["content-type"] }),
    );
  }
}

function answerMedia(exchange: Exchange): void {
  const file = mediaFile(exchange.path.slice(MEDIA.length));
  const isRead = ["GET", "HEAD"].includes(exchange.request.method ?? "");
  if (!file) sendJson(exchange, notFound);
  else if (!isRead) sendJson(exchange, notAllowed("GET or HEAD"));
  else serveBytes(exchange, file);
}

function sendJson({ request, response }: Exchange, { status, body }: JsonAnswer): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": bytes.length,
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}
