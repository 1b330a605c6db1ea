/** A TCP server for answers that no HTTP library would send, written byte by byte. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface RawRequest {
  /** The path with its query. */
  path: string;
  /** By name in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The connection's number, from 1. */
  number: number;
  /** The number of open connections, including this one. */
  open: number;
}

/** Writes the answer, and may end the socket. */
export type RawHandler = (request: RawRequest, socket: Socket) => void;

export interface RawServer {
  urlOf: (path: string) => string;
  requests: readonly RawRequest[];
  close: () => Promise<void>;
}

export async function startRawServer(handle: RawHandler): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: RawRequest[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      const request = {
        ...parsed(text),
        number: requests.length + 1,
        open: [...sockets].filter(({ destroyed }) => !destroyed).length,
      };
      text = "";
      requests.push(request);
      handle(request, socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (path) => `http://127.0.0.1:${port}${path}`,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function parsed(text: string): Pick<RawRequest, "path" | "headers"> {
  const [first = "", ...lines] = text.split("\r\n");
  const headers = lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(":");
    return colon < 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
  });
  return { path: first.split(" ")[1] ?? "", headers: Object.fromEntries<string>(headers) };
}
