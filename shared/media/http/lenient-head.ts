/**
 * Makes the head of an answer, as devices and radio stations send it, into what Node's parser
 * takes. Examples: `ICY 200 OK`, lines that end with LF alone, a blank before a colon, a line that
 * is no header, a Content-Length twice. The parser's own lenient mode takes some of these, and not in
 * every version of Node the same.
 */

/** Cookies and security policies make the largest heads. */
export const HEAD_BYTES_MAX = 64 * 1024;

const STATUS_LINE = /^(ICY|HTTP\/\d+\.\d+)[ \t]+(\d{3})(?!\d)(.*)/i;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Bytes without such a head pass unchanged: the parser reports what is wrong. */
export async function* withLenientHead(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const held = Buffer.alloc(HEAD_BYTES_MAX);
  let length = 0;
  let isPassed = false;
  for await (const chunk of chunks) {
    if (isPassed) {
      yield chunk;
      continue;
    }
    const seen = length;
    length += chunk.copy(held, length);
    const beyond = chunk.subarray(length - seen);
    const { head, rest, isFinal } = splitHead(held.subarray(0, length), seen);
    isPassed = isFinal || beyond.length > 0;
    length = isPassed ? 0 : rest.copy(held);
    if (head.length > 0) yield head;
    if (!isPassed) continue;
    if (rest.length > 0) yield Buffer.from(rest);
    if (beyond.length > 0) yield beyond;
  }
  if (length > 0) yield held.subarray(0, length);
}

interface SplitHead {
  head: Buffer;
  rest: Buffer;
  /** Nothing after it needs a change. */
  isFinal: boolean;
}

/** `seen`: how many bytes were already searched. */
function splitHead(bytes: Buffer, seen: number): SplitHead {
  const waiting = { head: Buffer.alloc(0), rest: bytes, isFinal: false };
  if (!couldBeStatusLine(bytes)) return { ...waiting, isFinal: true };
  const end = endOfHead(bytes, Math.max(0, seen - 3));
  if (end === undefined) return waiting;
  const head = rewritten(bytes.toString("latin1", 0, end));
  const rest = bytes.subarray(end);
  // Another head follows a head of 1xx.
  if (!/^HTTP\/\d\.\d 1/.test(head))
    return { head: Buffer.from(head, "latin1"), rest, isFinal: true };
  const next = splitHead(rest, 0);
  return { ...next, head: Buffer.concat([Buffer.from(head, "latin1"), next.head]) };
}

const couldBeStatusLine = (bytes: Buffer): boolean => {
  const start = bytes.toString("latin1", 0, 5).toUpperCase();
  return "HTTP/".startsWith(start) || "ICY ".startsWith(start.slice(0, 4));
};

/** The position after the first empty line. */
function endOfHead(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(0x0a, from); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    const next = at + (bytes[at + 1] === 0x0d ? 2 : 1);
    if (bytes[next] === 0x0a) return next + 1;
  }
  return undefined;
}

function rewritten(head: string): string {
  const [first = "", ...others] = head.split("\n").map((line) => line.replace(/\r$/, ""));
  const [, protocol = "", status = "", reason = ""] = STATUS_LINE.exec(first) ?? [];
  if (status === "") return head;
  const version = /^HTTP\/(?!1\.0$)/i.test(protocol) ? "HTTP/1.1" : "HTTP/1.0";
  const headers = others.flatMap((line) => {
    // The parser handles a line that continues the previous one.
    if (/^[ \t]/.test(line)) return [line];
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trimEnd();
    return HEADER_NAME.test(name) ? [`${name}:${line.slice(colon + 1)}`] : [];
  });
  const lines = [`${version} ${status} ${reason.trim()}`, ...withOneLength(headers)];
  return [...lines, "", ""].join("\r\n");
}

/**
 * One length says where the body ends. None, and more than one that differ, let it end with the
 * connection, as a length that is no number does. A length beside chunks does not count.
 */
function withOneLength(headers: readonly string[]): string[] {
  const lengths = new Set(headers.flatMap((line) => lengthsIn(line) ?? []));
  const others = headers.filter((line) => lengthsIn(line) === undefined);
  const [length = ""] = lengths;
  const isChunked = others.some((line) => /^transfer-encoding:.*chunked/i.test(line));
  const isSaid = lengths.size === 1 && /^\d{1,15}$/.test(length) && !isChunked;
  const coded = isChunked ? others : others.filter((line) => !/^transfer-encoding:/i.test(line));
  return isSaid ? [...coded, `Content-Length: ${length}`] : coded;
}

const lengthsIn = (line: string): string[] | undefined =>
  /^content-length:(.*)/i
    .exec(line)?.[1]
    ?.split(",")
    .map((text) => text.trim());
