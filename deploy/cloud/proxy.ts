/**
 * A proxy that ends TLS itself with the rehearsal's certificate. The usual variables point a client
 * to it, so that Tencent's host names lead to the cloud on this machine. Requests for other hosts
 * and requests in clear text are recorded and refused.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Certificates } from "./certificates.js";

export interface Proxied {
  host: string;
  isEncrypted: boolean;
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

export interface ProxyAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

export type Serve = (request: Proxied) => Promise<ProxyAnswer>;

export interface Proxy {
  url: string;
  close: () => void;
}

/** The zip is the largest upload. */
const BODY_MAX_BYTES = 64 * 1024 * 1024;

export async function startProxy(
  { key, certificate }: Certificates,
  { isKnown, serve }: { isKnown: (host: string) => boolean; serve: Serve },
): Promise<Proxy> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response, serve).catch(() => response.destroy());
  };
  const inside = createTlsServer({ key, cert: certificate }, answer);
  const proxy = createServer(answer);
  const sockets = new Set<Socket>();
  proxy.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  proxy.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const host = hostOf(request.url ?? "");
    if (!isKnown(host)) {
      const foreign = { host, isEncrypted: true, method: "CONNECT", path: "", headers: {} };
      void serve({ ...foreign, body: Buffer.alloc(0) }).finally(() => {
        socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      });
      return;
    }
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    inside.emit("connection", socket);
  });
  return {
    url: await listen(proxy),
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, serve: Serve) {
  const body = await readBody(request);
  const isEncrypted = "encrypted" in request.socket;
  // In clear text a client sends the whole URL to a proxy.
  const url = new URL(request.url ?? "/", `https://${request.headers.host ?? "unknown"}`);
  const {
    status,
    headers,
    body: text,
  } = await serve({
    host: url.hostname,
    isEncrypted,
    method: request.method ?? "GET",
    path: `${url.pathname}${url.search}`,
    headers: request.headers,
    body,
  });
  response.writeHead(status, headers).end(text);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const hostOf = (authority: string): string => authority.replace(/:\d+$/, "");

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
