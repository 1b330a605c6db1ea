/**
 * The files of the page. They need no key, and no query of the database: a key and all data go
 * through the other paths. A file is found by its name in a list, and never in a folder.
 */
import { createHash } from "node:crypto";
import { ApiError } from "../../contract/errors.js";
import { defineFunction } from "../define-function.js";
import type { HttpAnswer } from "../envelope.js";
import { type HttpRequest, readHttpEvent } from "../http-event.js";
import { failureOf } from "../invocation.js";
import { refusingWith } from "../operator.js";
import type { PageFile } from "./build-page.js";
import { pageFiles } from "./page-files.js";
import { takesGzip } from "./zipped.js";

export const openPage = (functionName: string) =>
  defineFunction<HttpAnswer>(functionName, {
    actor: "caller",
    middlewares: [refusingWith("GET, HEAD")],
    async handle(event, _services, { line }) {
      const request = readHttpEvent(event);
      const place = placeOf(request.path);
      line.action = place;
      if (request.method !== "GET" && request.method !== "HEAD") {
        throw new ApiError("UnsupportedProtocol", "Send GET: the page takes nothing else.");
      }
      if (place === "redirect") return redirect();
      return answerFile(request, (await prepared()).get(place) as PreparedFile);
    },
    // A browser asks for them again and again.
    isNews: ({ statusCode }) => statusCode >= 400,
    outcomeOf: (error) => failureOf(error, "info"),
  });

type Place = "index.html" | "app.js" | "app.css" | "redirect";

/**
 * `/` at the function's own host, and `/console/` at a gateway. The addresses in the page are
 * relative, so the page has to end in a slash.
 */
function placeOf(path: string): Place {
  if (path === "/" || path.endsWith("/console/")) return "index.html";
  const last = path.slice(path.lastIndexOf("/") + 1);
  if (last === "console") return "redirect";
  if (last === "app.js" || last === "app.css") return last;
  throw new ApiError(
    "ResourceNotFound",
    "There is nothing at this path: send GET to ./, ./app.js, ./app.css or ./health, and POST to ./api, ./costs or ./operator.",
  );
}

const REVALIDATED = { "cache-control": "no-cache", vary: "accept-encoding" };

/** Relative, because a gateway may have put something before the path. */
const redirect = (): HttpAnswer => ({
  isBase64Encoded: false,
  statusCode: 308,
  headers: { ...REVALIDATED, location: "console/" },
  body: "",
});

interface PreparedFile extends PageFile {
  etag: string;
  /** Base64. */
  zipped: string;
}

let preparing: Promise<ReadonlyMap<string, PreparedFile>> | undefined;

/** Once for each instance. A failure is tried again. */
function prepared(): Promise<ReadonlyMap<string, PreparedFile>> {
  preparing ??= prepare().catch((error: unknown) => {
    preparing = undefined;
    throw error;
  });
  return preparing;
}

async function prepare(): Promise<ReadonlyMap<string, PreparedFile>> {
  const [files, { gzipSync }] = await Promise.all([pageFiles(), import("node:zlib")]);
  return new Map(
    Object.entries(files).map(([name, { type, text }]) => {
      const digest = createHash("sha256").update(text).digest("base64url");
      // Weak: the zipped file has other bytes and the same tag.
      const etag = `W/"${digest}"`;
      return [name, { type, text, etag, zipped: gzipSync(text, { level: 9 }).toString("base64") }];
    }),
  );
}

function answerFile({ headers }: HttpRequest, file: PreparedFile): HttpAnswer {
  const { etag, type, text, zipped } = file;
  const known = { ...REVALIDATED, etag };
  if (isKnown(headers["if-none-match"], etag)) {
    return { isBase64Encoded: false, statusCode: 304, headers: known, body: "" };
  }
  const sent = { ...known, "content-type": type };
  if (!takesGzip(headers)) {
    return { isBase64Encoded: false, statusCode: 200, headers: sent, body: text };
  }
  return {
    isBase64Encoded: true,
    statusCode: 200,
    headers: { ...sent, "content-encoding": "gzip" },
    body: zipped,
  };
}

const isKnown = (tags = "", etag: string): boolean =>
  tags.split(",").some((tag) => tag.trim().replace(/^(?!W\/)/, "W/") === etag);
