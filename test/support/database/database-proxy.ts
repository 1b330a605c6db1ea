/**
 * A proxy in front of PostgreSQL with every network fault: refused, cut or silent. It can also cut
 * after the server has committed, before its answer arrives.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { breakOff } from "../break-off.js";

/** PostgreSQL's ReadyForQuery outside a transaction: earlier statements are committed. */
const READY = Buffer.from("5a0000000549", "hex");

export interface DatabaseProxy {
  /** The database's URL through this proxy. */
  url: string;
  /** Connections: those open now, and all so far. */
  connections: () => { open: number; ever: number };
  /** Cuts every connection. */
  cut: () => void;
  /** Goes silent on existing connections, like a NAT that has forgotten them. */
  forget: () => void;
  /** The treatment of new connections. `answered` sends only an error code of PostgreSQL. */
  turn: (to: "through" | "refused" | "silent" | { answered: string }) => Promise<void>;
  /**
   * The next statement that contains `text` gets no answer: the connection breaks before it
   * arrives, or after it was executed. Resolves when that has happened. Several calls queue up.
   */
  lose: (what: "statement" | "answer", text: string) => Promise<void>;
  close: () => Promise<void>;
}

interface Loss {
  what: "statement" | "answer";
  text: string;
  done: () => void;
}

export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const wires = new Set<Wire>();
  let ever = 0;
  const target = new URL(databaseUrl);
  let mode: Parameters<DatabaseProxy["turn"]>[0] = "through";
  const losses: Loss[] = [];

  const takeLoss = (chunk: Buffer): Loss | undefined => {
    const index = losses.findIndex(({ text }) => chunk.includes(text));
    return index < 0 ? undefined : losses.splice(index, 1)[0];
  };
  const server = createServer((client) => {
    ever += 1;
    if (typeof mode === "object") refuseWith(client, mode.answered);
    else if (mode === "silent") client.on("error", () => undefined);
    const wire = openWire(client, mode === "through" ? target : undefined, takeLoss);
    wires.add(wire);
    client.once("close", () => wires.delete(wire));
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const url = new URL(databaseUrl);
  url.port = String(port);
  const cut = () => wires.forEach((wire) => wire.cut());

  return {
    url: url.href,
    connections: () => ({ open: wires.size, ever }),
    cut,
    forget: () => wires.forEach((wire) => wire.forget()),
    async turn(to) {
      mode = to;
      if (to === "refused") {
        server.close();
        cut();
      } else if (!server.listening) await listen(port);
    },
    lose: (what, text) => new Promise((done) => losses.push({ what, text, done })),
    async close() {
      server.close();
      cut();
      await Promise.resolve();
    },
  };
}

interface Wire {
  cut: () => void;
  forget: () => void;
}

/** Without a target the client's data is dropped. */
function openWire(
  client: Socket,
  target: URL | undefined,
  takeLoss: (chunk: Buffer) => Loss | undefined,
): Wire {
  const upstream = target && connect(Number(target.port), target.hostname);
  let isForgotten = false;
  let lostAnswer: Loss | undefined;
  const cut = () => {
    breakOff(client);
    upstream?.destroy();
  };
  client.on("error", cut);
  client.on("data", (chunk: Buffer) => {
    if (isForgotten) return;
    const loss = takeLoss(chunk);
    if (loss?.what === "statement") {
      cut();
      loss.done();
      return;
    }
    lostAnswer ??= loss;
    upstream?.write(chunk);
  });
  client.on("close", () => upstream?.destroy());
  upstream?.on("error", cut);
  upstream?.on("close", () => client.destroy());
  upstream?.on("data", (chunk: Buffer) => {
    if (isForgotten) return;
    if (!lostAnswer) client.write(chunk);
    else if (chunk.includes(READY)) {
      cut();
      lostAnswer.done();
    }
  });
  return { cut, forget: () => (isForgotten = true) };
}

/** An ErrorResponse, as from a server that refuses connections. */
function refuseWith(client: Socket, code: string): void {
  const fields = ["SFATAL", "VFATAL", `C${code}`, `Mno, says the server of ${code}`, ""];
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(""));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  client.end(Buffer.concat([Buffer.from("E"), length, body]));
}
