/** Which hosts are private, by their name or by their address. */
import ipaddr from "ipaddr.js";

/**
 * Names that never belong to a public host. Sources: RFC 6761; RFC 6762 with its appendix G;
 * ICANN's `.internal`. The last one is Tencent Cloud's, for internal services such as credentials.
 */
const PRIVATE_NAME =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|tencentyun\.com)$/;

/** Object storage on Tencent Cloud's internal network: `bucket.cos-internal.region.…`. */
const INTERNAL_STORAGE = /(^|\.)cos-internal\./;

/** The only assigned public part of IPv6. It excludes `::7f00:1` and similar addresses. */
const PUBLIC_IPV6 = "2000::/3";

/** Takes a host as DNS or a socket takes it: lower case, without brackets or final dots. */
export function isPrivateHost(host: string): boolean {
  if (!ipaddr.isValid(host)) {
    return PRIVATE_NAME.test(host) || INTERNAL_STORAGE.test(host) || !host.includes(".");
  }
  const address = ipaddr.process(host);
  if (address.range() !== "unicast") return true;
  return address instanceof ipaddr.IPv6 && !address.match(ipaddr.IPv6.parseCIDR(PUBLIC_IPV6));
}

/** The host of a parsed URL, in the form that isPrivateHost takes. */
export function hostOfUrl({ hostname }: Pick<URL, "hostname">): string {
  let host = hostname.replace(/^\[|\]$/g, "");
  while (host.endsWith(".")) host = host.slice(0, -1);
  return host;
}
