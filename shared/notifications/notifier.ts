/**
 * The only way to the receivers of notifications. One request per message, bounded in time and in
 * what is read of its answer; a redirect is an answer like any other, and is not followed.
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

/** From looking the name up to the end of the answer. */
const TIMEOUT_MS = 5 * SECOND_MS;

/** The status says it all; so much of a body is read for politeness. */
const ANSWER_BYTES_MAX = 16_384;

export interface NotifierOptions {
  /** Also allows plain http. */
  allowPrivateHosts: boolean;
  timeoutMs?: number;
  /** What names mean, and whose certificates hold, in tests that have neither. */
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
  // An address is connected to without being looked up.
  if (!allowPrivateHosts && (isPlain || isPrivateHost(hostOfUrl(target)))) {
    throw new NotifyError("PrivateHost");
  }
  // One plain object: packages that put themselves in front of `request` expect no URL.
  const request = (isPlain ? plainRequest : tlsRequest)({
    ...urlToHttpOptions(target),
    method: "POST",
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    // A connection of its own: a kept one may have been closed while the instance was frozen.
    agent: false,
    lookup: allowPrivateHosts ? lookup : publicOnly(lookup),
    signal: AbortSignal.timeout(timeoutMs),
    ...(ca === undefined ? {} : { ca }),
  });
  request.end(body);
  return answered(request);
}

/** What goes wrong after the status is there changes nothing about it. */
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
    // Comes last, whatever happened.
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
