/** Sends one request to the api function, signed or with a key, and reads the answer. */
import type { Clock } from "../../shared/clock.js";
import type { Action } from "../../shared/contract/schemas.js";
import { API_VERSION } from "../../shared/contract/sites.js";
import { isObject, type Json, parseObject } from "../../shared/json.js";
import { signTc3 } from "../../shared/signing/tencent/tc3.js";
import type { Key, Target } from "./target.js";

export interface Answer {
  /** As it came: `{"Response": {…}}`. */
  envelope: object;
  response: Json;
  requestId: string;
  error: { code: string; message: string } | undefined;
}

/** Whether the request was carried out is not known. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** The longest time limit of a function is shorter. */
const PATIENCE_MS = 65_000;

/** A page of 100 ingests with long lists stays far below. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** Throws NoAnswer when no answer of the functions arrives. */
export async function send(
  { url, key, region }: Target,
  { action, request }: { action: Action; request: object },
  clock: Pick<Clock, "now">,
): Promise<Answer> {
  const body = Buffer.from(JSON.stringify(request));
  const headers = {
    "content-type": "application/json",
    host: url.host,
    "x-tc-action": action,
    "x-tc-version": API_VERSION,
    "x-tc-region": region,
  };
  const message = { method: "POST", path: url.pathname, query: "", headers, body };
  const headersSent = keyed(key, message, clock);
  const { status, text } = await exchange(url, { method: "POST", body, headers: headersSent });
  const answer = readAnswer(text);
  if (answer) return answer;
  throw new NoAnswer(`${url.origin} answered HTTP ${status} without an answer of the functions`);
}

function keyed(key: Key, message: Parameters<typeof signTc3>[0], clock: Pick<Clock, "now">) {
  if (key.kind === "bearer") return { ...message.headers, authorization: `Bearer ${key.key}` };
  const { secretId, secretKey } = key;
  return signTc3(message, { secretId, secretKey, service: "trtc" }, clock.now()).message.headers;
}

/** Throws NoAnswer. */
export async function exchange(
  url: URL,
  request: { method: string; body?: Buffer; headers: Readonly<Record<string, string>> },
): Promise<{ status: number; text: string }> {
  try {
    const answer = await fetch(url, {
      ...request,
      // A key must not follow a redirect to another host.
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { status: answer.status, text: await textOf(answer) };
  } catch (error) {
    throw new NoAnswer(`${url.origin} gave no answer (${causeOf(error)})`, { cause: error });
  }
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error("the answer is longer than 16 MB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The code of the network's error, which fetch hides inside its own. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code } = cause as { code?: unknown };
  if (typeof code === "string") return code;
  return cause instanceof Error ? cause.message : String(cause);
}

/** `undefined`: the text is no answer of the functions. */
export function readAnswer(text: string): Answer | undefined {
  const envelope = parseObject(text);
  const response = envelope?.["Response"];
  if (!envelope || !isObject(response)) return undefined;
  const { RequestId, Error: error } = response;
  return {
    envelope,
    response,
    requestId: typeof RequestId === "string" ? RequestId : "",
    error: isObject(error)
      ? { code: String(error["Code"]), message: String(error["Message"]) }
      : undefined,
  };
}
