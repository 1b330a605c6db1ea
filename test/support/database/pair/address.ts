/**
 * The one address of a pair, as a cloud's endpoint or HAProxy gives it: each connection leads to the
 * node that the address named when it was opened.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { breakOff } from "../../break-off.js";

export interface PairAddress {
  port: number;
  /** New connections lead there, and the present ones break. */
  moveTo: (port: number) => void;
  close: () => void;
}

export async function openAddress(first: number): Promise<PairAddress> {
  let target = first;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const node = connect(target, "127.0.0.1");
    clients.add(client);
    client.once("close", () => {
      clients.delete(client);
      node.destroy();
    });
    client.on("error", () => node.destroy());
    node.on("error", () => {
      breakOff(client);
    });
    node.once("close", () => client.destroy());
    client.pipe(node).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakAll = () => {
    clients.forEach(breakOff);
  };
  return {
    port: (server.address() as AddressInfo).port,
    moveTo(port) {
      target = port;
      breakAll();
    },
    close() {
      server.close();
      breakAll();
    },
  };
}
