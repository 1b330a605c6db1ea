/**
 * Answers a request for bytes with all of them or with the requested range: RFC 9110, section 14.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

export function serveBytes(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { bytes, type }: { bytes: Buffer; type: string },
): void {
  const range = readRange(request.headers.range, bytes.length);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("content-type", type);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}`, "content-length": 0 });
    response.end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: bytes.length };
  if (range) response.setHeader("content-range", `bytes ${start}-${end - 1}/${bytes.length}`);
  response.writeHead(range ? 206 : 200, { "content-length": end - start });
  response.end(request.method === "HEAD" ? undefined : bytes.subarray(start, end));
}

interface Range {
  start: number;
  /** Exclusive. */
  end: number;
}

/** Undefined where the whole may be sent: no range, several ranges, or an invalid one. */
function readRange(header: string | undefined, size: number): Range | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}
