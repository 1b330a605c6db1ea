/**
 * One GET over a connection of its own. Node's parser runs in its lenient mode, because cameras and
 * radio servers are read here. A connection carries one answer, so that leniency cannot mix two of
 * them.
 */
import { type IncomingMessage, request } from "node:http";
import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Asked } from "../../shared/media/http/bounded-fetch.js";
import { isBadPort } from "../../shared/network/bad-ports.js";
import { HEAD_BYTES_MAX, withLenientHead } from "./lenient-head.js";

/** Resolves with the answer's head. The body follows as it is read. */
export async function get(url: URL, { headers, signal }: Asked): Promise<IncomingMessage> {
  if (isBadPort(url)) {
    throw new Error(
      `Port ${url.port} belongs to another service: send a URL that leads to another port.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("The address holds a user name or password: send a URL that needs none.");
  }
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    request({
      host: hostOf(url),
      path: url.pathname + url.search,
      signal,
      headers: { host: url.host, ...headers, connection: "close" },
      insecureHTTPParser: true,
      maxHeaderSize: HEAD_BYTES_MAX,
      createConnection: () => lenient(open(url)),
    })
      .once("response", resolve)
      .on("error", reject)
      .end();
  });
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

function open(url: URL): Socket {
  const isSecure = url.protocol === "https:";
  const host = hostOf(url);
  const port = Number(url.port || (isSecure ? 443 : 80));
  if (!isSecure) return connect({ host, port });
  const servername = isIP(host) ? {} : { servername: host };
  return connectTls({ host, port, ...servername, ALPNProtocols: ["http/1.1"] });
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
