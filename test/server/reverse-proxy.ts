/**
 * A load balancer in front of some servers: takes turns, and sends a request to the next one when a
 * server takes no connection. A request that was sent is never sent again, because it may have had an
 * effect: its client gets 502.
 */
import { once } from "node:events";
import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface ReverseProxy {
  url: string;
  /** The servers' URLs, which a test may change at any time. */
  servers: string[];
  close: () => Promise<void>;
}

export async function startReverseProxy(servers: string[]): Promise<ReverseProxy> {
  let turn = 0;
  const pass = (
    body: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
    tries: number,
  ) => {
    const server = servers[(turn += 1) % servers.length];
    if (server === undefined || tries > servers.length) {
      response.writeHead(503).end();
      return;
    }
    const target = new URL(request.url ?? "/", server);
    const { method, headers } = request;
    const passed = send(target, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    passed.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") pass(body, request, response, tries + 1);
      else if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    passed.end(body);
  };
  const proxy = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      pass(Buffer.concat(chunks), request, response, 0);
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    servers,
    async close() {
      proxy.close();
      proxy.closeAllConnections();
      await once(proxy, "close");
    },
  };
}
