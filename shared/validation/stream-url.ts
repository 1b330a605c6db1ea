/**
 * Which URLs may be played. TRTC fetches the URL, not we; still, a URL into a private network is
 * a mistake at best, and a probe of somebody's inside at worst.
 */
import { ApiError } from "../errors.js";
import { hostOfUrl, isPrivateHost } from "./private-hosts.js";

const SCHEMES = new Set(["http:", "https:", "rtmp:", "rtmps:"]);

export interface StreamUrlPolicy {
  allowPrivateHosts: boolean;
  /** Exact names, or `*.example.com` for every name below; absent: any public host. */
  hosts?: readonly string[] | undefined;
}

export function checkStreamUrl(streamUrl: string, policy: StreamUrlPolicy): void {
  // Parsers disagree about a backslash: to some it is a slash, to others part of a user name.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(streamUrl)) {
    refuse(
      "holds spaces, control characters, backslashes or letters outside ASCII: send it percent-encoded",
    );
  }
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

/**
 * URL parsers canonicalise a host (127.1, 0x7f000001, %31…) for http only, so an rtmp URL is read
 * as http for its host: the same spelling must not be private in one scheme and public in another.
 */
function hostOf(streamUrl: string): string {
  const [, scheme = "", rest = ""] = /^([a-z]+:)(\/\/[^/].*)$/i.exec(streamUrl) ?? [];
  if (!SCHEMES.has(scheme.toLowerCase())) {
    refuse("must begin with http://, https://, rtmp:// or rtmps://");
  }
  if (/^\/\/[^/?#]*@/.test(rest)) {
    refuse("carries a user name or password: sign the URL with a query parameter instead");
  }
  try {
    return hostOfUrl(new URL(`http:${rest}`));
  } catch {
    return refuse("is no URL");
  }
}

function matches(host: string, pattern: string): boolean {
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1));
  return host === pattern;
}

function refuse(problem: string): never {
  throw new ApiError("InvalidParameter.StreamUrl", `StreamUrl ${problem}.`);
}
