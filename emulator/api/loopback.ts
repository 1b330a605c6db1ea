/**
 * Checks whether a host is this machine. The emulator's own endpoints require no key, so only this
 * machine may reach them. A web page's own name that points to this machine does not count.
 */
import { isIPv4, isIPv6 } from "node:net";

export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIPv4(name)) return name.startsWith("127.");
  return isIPv6(name) ? name === "::1" : name === "localhost";
}

/** Checks a Host header, which may include a port. */
export const isLoopbackHeader = (header: string): boolean =>
  isLoopback(header.replace(/:\d+$/, ""));
