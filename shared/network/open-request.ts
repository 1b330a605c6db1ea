/** One HTTP request over a connection of its own, to a public host unless private ones are allowed. */
import { lookup as systemLookup } from "node:dns";
import { type ClientRequest, request as plainRequest, type RequestOptions } from "node:http";
import { request as tlsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { urlToHttpOptions } from "node:url";
import { hostOfUrl, isPrivateHost } from "./private-hosts.js";
import { PrivateHostError, publicOnly } from "./public-lookup.js";

export interface Reach {
  allowPrivateHosts: boolean;
  /** Tests without DNS and public certificates set these. */
  lookup?: LookupFunction;
  ca?: string;
}

/** Throws PrivateHostError, or the request fails with it. The caller ends the request. */
export function openRequest(
  url: URL,
  options: Pick<RequestOptions, "method" | "headers" | "signal">,
  { allowPrivateHosts, lookup = systemLookup, ca }: Reach,
): ClientRequest {
  // Node.js connects to an IP address without a look-up, so `publicOnly` does not check it.
  if (!allowPrivateHosts && isPrivateHost(hostOfUrl(url))) throw new PrivateHostError();
  // One plain object: packages that wrap `request` do not expect a URL.
  return (url.protocol === "http:" ? plainRequest : tlsRequest)({
    ...urlToHttpOptions(url),
    ...options,
    // A new connection for each request. A kept one may have closed while the instance was frozen.
    agent: false,
    lookup: allowPrivateHosts ? lookup : publicOnly(lookup),
    ...(ca === undefined ? {} : { ca }),
  });
}
