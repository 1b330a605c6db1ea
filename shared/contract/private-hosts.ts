/** Which hosts are nobody's outside: by their name, or by their address. */
import ipaddr from "ipaddr.js";

/**
 * Names that never mean a public host: RFC 6761, RFC 6762 with its appendix G, ICANN's `.internal`,
 * and Tencent Cloud's own domain for what its machines reach inside, their credentials among it.
 */
const PRIVATE_NAME =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|tencentyun\.com)$/;

/** Storage as Tencent Cloud's machines reach it inside a region: `bucket.cos-internal.region.…`. */
const INTERNAL_STORAGE = /(^|\.)cos-internal\./;

/** The only part of IPv6 that is given out; `::7f00:1` and its like lie outside. */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/** Of a host as DNS or a socket would take it: in lower case, without brackets or closing dots. */
export function isPrivateHost(host: string): boolean {
  if (!ipaddr.isValid(host)) {
    return PRIVATE_NAME.test(host) || INTERNAL_STORAGE.test(host) || !host.includes(".");
  }
  const address = ipaddr.process(host);
  if (address.range() !== "unicast") return true;
  return address instanceof ipaddr.IPv6 && !address.match(PUBLIC_IPV6);
}

/** That host, of a parsed URL. */
export function hostOfUrl({ hostname }: Pick<URL, "hostname">): string {
  let host = hostname.replace(/^\[|\]$/g, "");
  while (host.endsWith(".")) host = host.slice(0, -1);
  return host;
}
