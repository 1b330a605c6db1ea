/**
 * `fetch` within a budget, with a reason for every failure. It follows redirects to http and https
 * only. Node's own fetch keeps no cookies and judges no addresses, so the visitor's `get` makes the
 * requests.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { systemClock } from "../../clock.js";
import { SourceError } from "../media.js";
import type { Budget } from "../budget.js";
import { causeOf } from "../cause.js";
import { type CookieJar, cookieJar } from "./cookies.js";
import { inTurns } from "../turns.js";
import { unpacked } from "./unpacked.js";

/** "Range not satisfiable" is the answer for an empty file. Its reader will find it empty. */
const UNSATISFIABLE = 416;

const REDIRECTS = [301, 302, 303, 307, 308];

/** Statuses with which servers refuse a range. The request is repeated without one. */
const NO_RANGES = [400, 405, 406, 416, 500, 501];

/** The first request has it too, because some servers answer ranges only. */
const FROM_THE_START = "bytes=0-";

/** The signal that ends a request, and the requested range. Other options have no effect. */
type Init = Pick<RequestInit, "signal" | "headers">;

/** How one request is made. The emulator goes to any host, and a function to public hosts only. */
export interface Visitor {
  /** Resolves with the answer's head. The body follows as it is read. */
  get: (url: URL, asked: Asked) => Promise<IncomingMessage>;
  redirectsMax: number;
}

export interface Asked {
  headers: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

interface Answer {
  message: IncomingMessage;
  url: URL;
}

/** A visit may have several fetches. They share its signal, and so its cookies. */
const jars = new WeakMap<AbortSignal, CookieJar>();

export function boundedFetch(budget: Budget, { get, redirectsMax }: Visitor): typeof fetch {
  const jar = jars.get(budget.signal) ?? cookieJar(() => systemClock.now().getTime());
  jars.set(budget.signal, jar);

  return async (input, init: Init = {}) => {
    const address = input instanceof Request ? input.url : String(input);
    if (!isHttp(address)) throw new SourceError("unsupported", NO_SUCH_PROTOCOL);
    const signals = init.signal ? [budget.signal, init.signal] : [budget.signal];
    const lost = (error: unknown): unknown => {
      if (signals.some(({ aborted }) => aborted)) return error;
      const failure = new SourceError("unreachable", causeOf(error));
      budget.noteFailure(failure);
      return failure;
    };
    const signal = AbortSignal.any(signals);
    const range = new Headers(init.headers).get("range");
    try {
      let answer = await follow(address, { range: range ?? FROM_THE_START, signal });
      const isWhole = range === null || range === FROM_THE_START;
      if (isWhole && NO_RANGES.includes(statusOf(answer))) {
        answer.message.destroy();
        answer = await follow(address, { range: null, signal });
      }
      const more = (from: number) => follow(address, { range: `bytes=${from}-`, signal });
      // A caller that requested no range does not expect parts, so the parts are joined.
      return responseOf(answer, { budget, lost, ...(range === null && { more }) });
    } catch (error) {
      throw lost(error);
    }
  };

  async function follow(
    address: string,
    { range, signal }: { range: string | null; signal: AbortSignal },
  ): Promise<Answer> {
    let url = new URL(address);
    for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
      const cookie = jar.headerFor(url);
      const message = await get(url, {
        headers: { ...HEADERS, ...(cookie && { cookie }), ...rangeHeaders(range) },
        signal,
      });
      jar.note(url, message.headers["set-cookie"] ?? []);
      const { location } = message.headers;
      const answer = { message, url };
      if (!REDIRECTS.includes(statusOf(answer)) || location === undefined) return answer;
      message.destroy();
      // Headers arrive as latin1. Addresses in them are UTF-8 where they are not ASCII.
      url = new URL(Buffer.from(location, "latin1").toString(), url);
      if (!isHttp(url.href)) throw new Error(NO_SUCH_PROTOCOL);
    }
    throw new Error("redirect count exceeded");
  }
}

const NO_SUCH_PROTOCOL = "It redirects to an address that is neither http nor https.";

const isHttp = (address: string): boolean => /^https?:/i.test(address);

const HEADERS = { accept: "*/*", "user-agent": "node" };

/** A part of a compressed body is useless, so ranges ask for no compression. */
const rangeHeaders = (range: string | null): Record<string, string> =>
  range === null
    ? { "accept-encoding": "gzip, deflate, br" }
    : { "accept-encoding": "identity", range };

const statusOf = ({ message }: Answer): number => message.statusCode ?? 0;

interface Counting {
  budget: Budget;
  lost: (error: unknown) => unknown;
  /** Requests the answer from this byte on. */
  more?: (from: number) => Promise<Answer>;
}

function responseOf(answer: Answer, counting: Counting): Response {
  const { message, url } = answer;
  const status = statusOf(answer);
  if (!isSuccess(answer) && status !== UNSATISFIABLE) {
    message.destroy();
    throw new Error(`The server answers ${status}.`);
  }
  const hasBody = status !== 204 && status !== 205;
  const body = hasBody ? counted(answer, counting) : null;
  if (!hasBody) message.destroy();
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    // The lenient parser accepts values that a Headers object refuses.
    headers.set(name, values.join(", ").replace(/[\0\r\n]/g, ""));
  }
  // A constructed Response has no address, but relative addresses in a playlist need one.
  return Object.defineProperties(new Response(body, { status, headers }), {
    url: { value: url.href },
    type: { value: "basic" },
  });
}

const isSuccess = (answer: Answer): boolean => statusOf(answer) >= 200 && statusOf(answer) < 300;

function counted(answer: Answer, { budget, lost, more }: Counting): ReadableStream<Uint8Array> {
  let part = partOf(answer);
  let isCancelled = false;

  const next = async (): Promise<IteratorResult<Uint8Array, unknown>> => {
    const read = await part.chunks.next();
    const from = part.nextByte;
    if (!read.done || from === undefined || !more) return read;
    const following = await more(from);
    part = partOf(following);
    // A server that cannot continue has given all it has. One that starts again would never end.
    const isFollowing = statusOf(following) === 206 && part.firstByte === from;
    if (isFollowing && !isCancelled) return next();
    part.body.destroy();
    return { done: true, value: undefined };
  };

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A body that is no longer needed fails too. That is not a failure of the source.
      const read = await next().catch((error: unknown) => ({
        error: isCancelled ? error : lost(error),
      }));
      if (isCancelled) return;
      if ("error" in read) controller.error(read.error);
      else if (read.done) controller.close();
      else if (budget.spend(read.value.byteLength)) controller.enqueue(read.value);
      else controller.error(budget.signal.reason);
    },
    cancel() {
      isCancelled = true;
      part.body.destroy();
    },
  });
}

interface Part {
  body: Readable;
  chunks: AsyncIterator<Uint8Array, unknown>;
  firstByte: number | undefined;
  /** Where the next part begins. Undefined when this part is the last known one. */
  nextByte: number | undefined;
}

function partOf(answer: Answer): Part {
  const body = unpacked(answer.message);
  const chunks = inTurns(body as AsyncIterable<Uint8Array>);
  const said = answer.message.headers["content-range"] ?? "";
  const [, first, last, total] = /^ *bytes +(\d{1,15})-(\d{1,15})\/(\d{1,15}) *$/.exec(said) ?? [];
  const isPart = statusOf(answer) === 206 && Number(last) + 1 < Number(total);
  return {
    body,
    chunks,
    firstByte: first === undefined ? undefined : Number(first),
    nextByte: isPart ? Number(last) + 1 : undefined,
  };
}
