/** A server on this machine for tests, with several kinds of bad behaviour. */
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../../shared/clock.js";

export interface LoopbackServer {
  port: number;
  close: () => Promise<void>;
}

export async function startLoopbackServer(
  listener: RequestListener,
  tls?: Record<"key" | "cert", string>,
): Promise<LoopbackServer> {
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Sends this many bytes at a time, as long as the client reads. */
export async function drip(response: ServerResponse, bytes: number): Promise<void> {
  while (!response.destroyed) {
    response.write("x".repeat(bytes));
    await systemClock.sleep(20);
  }
}
