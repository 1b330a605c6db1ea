/**
 * Which URLs may be played. TRTC fetches the URL, not we; still, a URL into a private network is
 * a mistake at best, and a probe of somebody's inside at worst.
 */
import { ApiError } from "./errors.js";
import { hostOfUrl, isPrivateHost } from "./private-hosts.js";
import { foreignHostFault, hostFault } from "./url-host.js";

const SCHEMES = new Set(["http:", "https:", "rtmp:", "rtmps:"]);

export interface StreamUrlPolicy {
  allowPrivateHosts: boolean;
  /** Exact names, or `*.example.com` for every name below; absent: any public host. */
  hosts?: readonly string[] | undefined;
}

export function checkStreamUrl(streamUrl: string, policy: StreamUrlPolicy): void {
  const fault = streamUrlFault(streamUrl);
  if (fault !== undefined) refuse(fault);
  const host = hostOf(streamUrl);
  if (!policy.allowPrivateHosts && isPrivateHost(host)) {
    refuse("points to a loopback, link-local or private host: send one that TRTC can reach");
  }
  if (policy.hosts && !policy.hosts.some((pattern) => matches(host, pattern))) {
    throw new ApiError(
      "UnauthorizedOperation",
      "The caller may not play from the host of this StreamUrl: send a URL of one of its own hosts.",
    );
  }
}

/** What is wrong with its form, whatever host it names; in words, without the URL. */
export function streamUrlFault(streamUrl: string): string | undefined {
  const [, scheme = "", rest = ""] = /^([a-z]+:)(\/\/[^/][^]*)$/i.exec(streamUrl) ?? [];
  // Parsers disagree about a backslash: to some it is a slash, to others part of a user name.
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
  return URL.canParse(`http:${rest}`) ? hostFault(rest) : "is no URL";
}

/**
 * URL parsers canonicalise a host (127.1, 0x7f000001) for http only, so an rtmp URL is read as http
 * for its host: the same spelling must not be private in one scheme and public in another.
 */
const hostOf = (streamUrl: string): string =>
  hostOfUrl(new URL(streamUrl.replace(/^[a-z]+:/i, "http:")));

function matches(host: string, pattern: string): boolean {
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1));
  return host === pattern;
}

function refuse(problem: string): never {
  throw new ApiError("InvalidParameter.StreamUrl", `StreamUrl ${problem}.`);
}
