/**
 * Whether a host is this machine. The emulator's own endpoints ask for no key, so only this machine
 * may reach them: not the network, and not a web page through a name that it has pointed here.
 */
import { isIPv4, isIPv6 } from "node:net";

export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIPv4(name)) return name.startsWith("127.");
  return isIPv6(name) ? name === "::1" : name === "localhost";
}

/** The same of a Host header, which may carry a port. */
export const isLoopbackHeader = (header: string): boolean =>
  isLoopback(header.replace(/:\d+$/, ""));
