/**
 * The only way to the receivers of notifications. Each message is one request. Its time and the
 * bytes read of its answer are limited. A redirect counts as an answer and is not followed.
 */
import { lookup as systemLookup } from "node:dns";
import { request as plainRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { urlToHttpOptions } from "node:url";
import { SECOND_MS } from "../clock.js";
import type { Message, Notifier } from "../ingest/services.js";
import { hostOfUrl, isPrivateHost } from "../contract/private-hosts.js";
import { NotifyError, notifyErrorOf } from "./notify-error.js";
import { publicOnly } from "./public-lookup.js";

/** Covers the whole request, from the name look-up to the end of the answer. */
const TIMEOUT_MS = 5 * SECOND_MS;

/** Only the status matters. We read this much of a body, so that a normal receiver can finish. */
const ANSWER_BYTES_MAX = 16_384;

export interface NotifierOptions {
  /** True also allows plain http. */
  allowPrivateHosts: boolean;
  timeoutMs?: number;
  /** Tests without DNS and public certificates set these. */
  lookup?: LookupFunction;
  ca?: string;
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
  { allowPrivateHosts, timeoutMs = TIMEOUT_MS, lookup = systemLookup, ca }: NotifierOptions,
): Promise<number> {
  const target = new URL(url);
  const isPlain = target.protocol === "http:";
  // Node.js connects to an IP address without a look-up, so `publicOnly` does not check it.
  if (!allowPrivateHosts && (isPlain || isPrivateHost(hostOfUrl(target)))) {
    throw new NotifyError("PrivateHost");
  }
  // One plain object: packages that wrap `request` do not expect a URL.
  const request = (isPlain ? plainRequest : tlsRequest)({
    ...urlToHttpOptions(target),
    method: "POST",
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    // A new connection for each message. A kept one may have closed while the instance was frozen.
    agent: false,
    lookup: allowPrivateHosts ? lookup : publicOnly(lookup),
    signal: AbortSignal.timeout(timeoutMs),
    ...(ca === undefined ? {} : { ca }),
  });
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
