/**
 * One GET over a connection of its own. Node's parser runs in its lenient mode, because cameras and
 * radio servers are read here. A connection carries one answer, so that leniency cannot mix two of
 * them.
 */
import { type IncomingMessage, request } from "node:http";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { HEAD_BYTES_MAX, withLenientHead } from "./lenient-head.js";
import type { Asked } from "./bounded-fetch.js";

/** How names become addresses, and whose certificates count. Default: as the machine does. */
export interface Connecting {
  lookup?: LookupFunction;
  ca?: string;
}

/** Resolves with the answer's head. The body follows as it is read. */
export function lenientGet(
  url: URL,
  { headers, signal }: Asked,
  connecting: Connecting = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({
      host: hostOf(url),
      path: url.pathname + url.search,
      signal,
      headers: { host: url.host, ...headers, connection: "close" },
      insecureHTTPParser: true,
      maxHeaderSize: HEAD_BYTES_MAX,
      createConnection: () => lenient(open(url, connecting)),
    })
      .once("response", resolve)
      .on("error", reject)
      .end();
  });
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

function open(url: URL, connecting: Connecting): Socket {
  const isSecure = url.protocol === "https:";
  const host = hostOf(url);
  const port = Number(url.port || (isSecure ? 443 : 80));
  if (!isSecure) return connect({ host, port, ...connecting });
  const servername = isIP(host) ? {} : { servername: host };
  return connectTls({ host, port, ...servername, ...connecting, ALPNProtocols: ["http/1.1"] });
}

/** Passes data on no faster than its reader reads. */
function lenient(socket: Socket): Duplex {
  const chunks = withLenientHead(socket as AsyncIterable<Buffer>);
  // The reader sees the error too. This handler catches errors after the reader has left.
  socket.on("error", (error) => duplex.destroy(error));
  const duplex: Duplex = new Duplex({
    allowHalfOpen: false,
    read() {
      void chunks
        .next()
        .then(({ done, value }) => this.push(done ? null : value))
        // The socket reports its errors itself. This closes the stream after them.
        .catch(() => this.destroy());
    },
    write(chunk: Buffer, _encoding, callback) {
      socket.write(chunk, callback);
    },
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  return duplex;
}
