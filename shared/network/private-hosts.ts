/** Which hosts are private, by their name or by their address. */
import ipaddr from "ipaddr.js";

/**
 * Names that never belong to a public host. Sources: RFC 6761; RFC 6762 with its appendix G;
 * ICANN's `.internal`. The last two are Tencent Cloud's, for internal services such as credentials and
 * its API.
 */
const PRIVATE_NAME =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa|tencentyun\.com|internal\.tencentcloudapi\.com)$/;

/**
 * Object storage on a cloud's internal network: `bucket.cos-internal.region.…` of Tencent Cloud,
 * `bucket.oss-region-internal.aliyuncs.com` of Alibaba Cloud.
 */
const INTERNAL_STORAGE = /(^|\.)(cos-internal\.|[a-z0-9-]+-internal\.aliyuncs\.com$)/;

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
