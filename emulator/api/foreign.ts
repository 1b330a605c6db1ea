/**
 * Checks that a request comes from this machine's user, and not from a web page in the user's
 * browser. The local keys are public, so a signature proves nothing here. A page is recognized by
 * its Host (DNS rebinding), its Origin or Sec-Fetch-Site.
 */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackHeader } from "./loopback.js";

export interface Visit {
  headers: IncomingHttpHeaders;
  /** The path answers a page for people and changes nothing, so other sites may link to it. */
  isPage?: boolean;
  /** Accepts any Host. Pages of another origin stay refused. */
  anyHost?: boolean;
}

/** Says what is wrong and what to send instead. `undefined`: the request is allowed. */
export function foreignIn({ headers, isPage = false, anyHost = false }: Visit): string | undefined {
  const { host = "", origin } = headers;
  if (!anyHost && !isLoopbackHeader(host)) {
    return "The Host is not this machine: send the request to 127.0.0.1, localhost or [::1].";
  }
  if (origin !== undefined && !isSameOrigin(origin, host)) {
    return "The Origin is another page: web pages may not call this address. Send no Origin.";
  }
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return undefined;
  if (isPage && isFollowedLink(headers)) return undefined;
  return "The request comes from another site: web pages may not call this address.";
}

/** An SDK with a wrong endpoint can read it. */
export const foreignEnvelope = (Message: string): object => ({
  Response: { Error: { Code: "UnauthorizedOperation", Message }, RequestId: randomUUID() },
});

/** Both are served over plain HTTP. `null` is the origin of pages without one. */
function isSameOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

/**
 * A page that the user opens by a link, for example from a README. Resources of a page are not
 * included.
 */
const isFollowedLink = (headers: IncomingHttpHeaders): boolean =>
  headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";

/** A page of another origin may send a form or text freely. For JSON the browser asks us first. */
export const isJson = (contentType = ""): boolean =>
  contentType.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
