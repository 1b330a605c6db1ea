/** Opens and closes an HTTP server. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../shared/clock.js";

/** Returns its URL. `port` 0: any free one. */
export async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<string> {
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}

/** Requests in progress may finish for so long. An idle client is not waited for. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const done = new AbortController();
  const cut = systemClock.sleep(graceMs, done.signal).then(() => server.closeAllConnections());
  await closed;
  done.abort();
  await cut;
}
