/**
 * The only way to the receivers of notifications. Each message is one request. Its time and the
 * bytes read of its answer are limited. A redirect counts as an answer and is not followed.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { SECOND_MS } from "../clock.js";
import type { Message, Notifier } from "../ingest/services.js";
import { openRequest, type Reach } from "../network/open-request.js";
import { PrivateHostError } from "../network/public-lookup.js";
import { NotifyError, notifyErrorOf } from "./notify-error.js";

/** Covers the whole request, from the name look-up to the end of the answer. */
const TIMEOUT_MS = 5 * SECOND_MS;

/** Only the status matters. We read this much of a body, so that a normal receiver can finish. */
const ANSWER_BYTES_MAX = 16_384;

/** `allowPrivateHosts` also allows plain http. */
export interface NotifierOptions extends Reach {
  timeoutMs?: number;
}

export const openNotifier = (options: NotifierOptions): Notifier => ({
  async send(message) {
    try {
      return await post(message, options);
    } catch (error) {
      throw notifyErrorOf(error);
    }
  },
});

async function post(
  { url, headers, body }: Message,
  { timeoutMs = TIMEOUT_MS, ...reach }: NotifierOptions,
): Promise<number> {
  const target = new URL(url);
  if (!reach.allowPrivateHosts && target.protocol === "http:") throw new PrivateHostError();
  const options = {
    method: "POST",
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    signal: AbortSignal.timeout(timeoutMs),
  };
  const request = openRequest(target, options, reach);
  request.end(body);
  return answered(request);
}

/** Errors after the status do not change the result. */
const answered = (request: ClientRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    let status: number | undefined;
    request.on("response", (response) => {
      status = response.statusCode ?? 0;
      discard(response);
    });
    request.on("error", (error) => {
      if (status === undefined) reject(error);
    });
    // Node.js always emits `close` last.
    request.on("close", () => {
      if (status === undefined) reject(new NotifyError("NoAnswer"));
      else resolve(status);
    });
  });

function discard(response: IncomingMessage): void {
  let bytes = 0;
  response.on("error", () => undefined);
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) response.destroy();
  });
}
