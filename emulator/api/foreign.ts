/**
 * Whether a request comes from this machine's user, and not from a web page in the user's browser.
 * The local keys are published, so a signature proves nothing here. A page gives itself away by the
 * Host that it had pointed to this machine, by its Origin, or by Sec-Fetch-Site.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackHeader } from "./loopback.js";

export interface Visit {
  headers: IncomingHttpHeaders;
  /** The path answers a page for people, which does nothing: a link elsewhere may lead to it. */
  isPage?: boolean;
  /** Any Host is served. A page of another origin stays refused. */
  anyHost?: boolean;
}

/** What is wrong and what to send instead; `undefined` for a request that may come in. */
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

/** Both are served over plain HTTP; `null` is the origin of nobody. */
function isSameOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

/** A whole page that somebody opens, as from a README: nothing that a page loads into itself. */
const isFollowedLink = (headers: IncomingHttpHeaders): boolean =>
  headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";

/** JSON needs leave from us before a page of another origin may send it; a form or text does not. */
export const isJson = (contentType = ""): boolean =>
  contentType.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
