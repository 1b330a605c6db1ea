/**
 * Which URLs may be played. TRTC fetches the URL, not this service. A URL into a private network is
 * still a mistake, or an attempt to probe the network.
 */
import { ApiError } from "./errors.js";
import { hostOfUrl, isPrivateHost } from "../network/private-hosts.js";
import { foreignHostFault, hostFault } from "./url-host.js";

const SCHEMES = new Set(["http:", "https:", "rtmp:", "rtmps:"]);

export interface StreamUrlPolicy {
  allowPrivateHosts: boolean;
  /** Exact names, or `*.example.com` for every name below it. Absent: any public host. */
  hosts?: readonly string[] | undefined;
}

/** `field` is the place of the URL in the request: `Playlist[3].StreamUrl`. */
export function checkStreamUrl(
  streamUrl: string,
  policy: StreamUrlPolicy,
  field = "StreamUrl",
): void {
  const fault = streamUrlFault(streamUrl);
  if (fault !== undefined) refuse(field, fault);
  const host = hostOf(streamUrl);
  if (!policy.allowPrivateHosts && isPrivateHost(host)) {
    refuse(field, "points to a loopback, link-local or private host: send one that TRTC can reach");
  }
  if (policy.hosts && !policy.hosts.some((pattern) => matches(host, pattern))) {
    throw new ApiError(
      "UnauthorizedOperation",
      `The caller may not play from the host of this ${field}: send a URL of one of its own hosts.`,
    );
  }
}

/** Says what is wrong with the URL's form, for any host. The text does not repeat the URL. */
export function streamUrlFault(streamUrl: string): string | undefined {
  const [, scheme = "", rest = ""] = /^([a-z]+:)(\/\/[^/][^]*)$/i.exec(streamUrl) ?? [];
  // Parsers treat a backslash as a slash, or as part of a user name.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(streamUrl)) {
    const ofHost = SCHEMES.has(scheme.toLowerCase()) ? foreignHostFault(rest) : undefined;
    if (ofHost !== undefined) return ofHost;
    return "holds spaces, control characters, backslashes or letters outside ASCII: send it percent-encoded";
  }
  if (!SCHEMES.has(scheme.toLowerCase())) {
    return "must begin with http://, https://, rtmp:// or rtmps://";
  }
  if (/^\/\/[^/?#]*@/.test(rest)) {
    return "carries a user name or password: sign the URL with a query parameter instead";
  }
  // Some parsers take all before the first slash for the host, and what follows an @ for its name.
  if (/^\/\/[^/]*@/.test(rest)) {
    return "has an @ before the first / of its path: write a / behind the host";
  }
  return URL.canParse(`http:${rest}`) ? hostFault(rest) : "is no URL";
}

/**
 * URL parsers normalize a host (127.1, 0x7f000001) for http only, so an rtmp URL is read as http.
 * The same host is then private, or public, in every scheme.
 */
const hostOf = (streamUrl: string): string =>
  hostOfUrl(new URL(streamUrl.replace(/^[a-z]+:/i, "http:")));

function matches(host: string, pattern: string): boolean {
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1));
  return host === pattern;
}

function refuse(field: string, problem: string): never {
  throw new ApiError("InvalidParameter.StreamUrl", `${field} ${problem}.`);
}
