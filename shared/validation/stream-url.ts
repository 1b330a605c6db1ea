/**
 * Which URLs may be played. TRTC fetches the URL, not we; still, a URL into a private network is
 * a mistake at best, and a probe of somebody's inside at worst.
 */
import ipaddr from "ipaddr.js";
import { ApiError } from "../errors.js";

const SCHEMES = new Set(["http:", "https:", "rtmp:", "rtmps:"]);

/** Names that never mean a public host: RFC 6761, RFC 6762 and ICANN's `.internal`. */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|home\.arpa)$/;

export interface StreamUrlPolicy {
  allowPrivateHosts: boolean;
  /** Exact names, or `*.example.com` for every name below; absent: any public host. */
  hosts?: readonly string[] | undefined;
}

const refuse = (problem: string): never => {
  throw new ApiError("InvalidParameter.StreamUrl", `StreamUrl ${problem}.`);
};

export function checkStreamUrl(streamUrl: string, policy: StreamUrlPolicy): void {
  if (!/^[\x21-\x7e]+$/.test(streamUrl)) {
    refuse("holds spaces, control characters or letters outside ASCII: send it percent-encoded");
  }
  const url = parse(streamUrl);
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (url.username !== "" || url.password !== "") {
    refuse("carries a user name or password: sign the URL with a query parameter instead");
  }
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
function parse(streamUrl: string): URL {
  const scheme = /^[a-z]+:(?=\/\/[^/])/i.exec(streamUrl)?.[0].toLowerCase() ?? "";
  if (!SCHEMES.has(scheme)) refuse("must begin with http://, https://, rtmp:// or rtmps://");
  try {
    return new URL(`http:${streamUrl.slice(scheme.length)}`);
  } catch {
    return refuse("is no URL");
  }
}

function isPrivateHost(host: string): boolean {
  if (ipaddr.isValid(host)) return ipaddr.process(host).range() !== "unicast";
  return PRIVATE_NAME.test(host) || !host.includes(".");
}

function matches(host: string, pattern: string): boolean {
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1));
  return host === pattern;
}
