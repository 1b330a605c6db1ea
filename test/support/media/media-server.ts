/** A small web server for test media, with or without ranges, and with faults. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serveBytes } from "../../../emulator/serve-bytes.js";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface MediaServer {
  urlOf: (path: string) => string;
  /** The number of requests for the path. */
  requests: (path: string) => number;
  put: (path: string, content: Buffer | Handler) => void;
  remove: (path: string) => void;
  close: () => Promise<void>;
}

export async function startMediaServer(): Promise<MediaServer> {
  const contents = new Map<string, Buffer | Handler>();
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const content = contents.get(path);
    if (content === undefined) response.writeHead(404).end();
    else if (typeof content === "function") content(request, response);
    else serveBytes({ request, response }, { bytes: content, type: "application/octet-stream" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (path) => `http://127.0.0.1:${port}${path}`,
    requests: (path) => counts.get(path) ?? 0,
    put: (path, content) => contents.set(path, content),
    remove: (path) => contents.delete(path),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Repeats it as fast as the client reads. */
export function flood(response: ServerResponse, piece: Buffer): void {
  while (response.write(piece));
  response.once("drain", () => flood(response, piece));
}
