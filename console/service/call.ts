/** One call of the API. Every failure is a CallError that says what a person can do about it. */
import { SECOND_MS } from "../clock.js";

/**
 * key: the key is wrong or no longer accepted. offline: no answer came. unavailable: the service
 * cannot answer now. refused: this request is wrong.
 */
export type Failure = "key" | "offline" | "unavailable" | "refused";

interface Refusal {
  failure: Failure;
  status?: number;
  code?: string;
}

export class CallError extends Error {
  readonly failure: Failure;
  readonly status: number | undefined;
  readonly code: string;

  constructor(message: string, { failure, status, code = "" }: Refusal) {
    super(message);
    this.name = "CallError";
    this.failure = failure;
    this.status = status;
    this.code = code;
  }

  static from(thrown: unknown): CallError {
    return thrown instanceof CallError ? thrown : new CallError("", { failure: "offline" });
  }
}

/** A function has three seconds for TRTC, and a cold start comes before it. */
const TIME_LIMIT_MS = 20 * SECOND_MS;

export interface Request {
  /** Relative to the page: `./api`, `./operator` or `./health`. */
  path: string;
  key: string;
  /** Absent: a GET. */
  action?: string;
  body?: Readonly<Record<string, unknown>>;
}

interface Envelope {
  Response?: { Error?: { Code: string; Message: string } };
}

/** Resolves with the content of `Response`. */
export async function call<T>(request: Request): Promise<T> {
  const { status, json } = await send(request);
  const content = (json as Envelope | undefined)?.Response;
  const error = content?.Error;
  if (error !== undefined) {
    throw new CallError(error.Message, { failure: failureOf(status), status, code: error.Code });
  }
  if (status >= 400 || content === undefined) {
    throw new CallError("", { failure: failureOf(status), status });
  }
  return content as T;
}

/** Any JSON answer, whatever its status. `json` is undefined for another content. */
export async function send(request: Request): Promise<{ status: number; json: unknown }> {
  const { path, key, action, body } = request;
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  if (action !== undefined) {
    headers["x-tc-action"] = action;
    headers["content-type"] = "application/json";
  }
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  const method = action === undefined ? "GET" : "POST";
  const sent = action === undefined ? null : JSON.stringify(body ?? {});
  const options: RequestInit = {
    method,
    headers,
    body: sent,
    signal,
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
  };
  try {
    const response = await fetch(path, options);
    const text = await response.text();
    return { status: response.status, json: parse(text) };
  } catch {
    throw new CallError("", { failure: "offline" });
  }
}

function failureOf(status: number): Failure {
  if (status === 401) return "key";
  return status === 429 || status >= 500 || status < 400 ? "unavailable" : "refused";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
