/**
 * A wire to the run's PostgreSQL on which everything goes wrong that does: refused, broken off,
 * silent, and broken off after the server has committed but before its answer is through.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A server's ReadyForQuery, outside of a transaction: what came before it is committed. */
const READY = Buffer.from("5a0000000549", "hex");

export interface DatabaseProxy {
  /** The database's URL, by way of this wire. */
  url: string;
  /** Connections: those that are open now, and all that there ever were. */
  connections: () => { open: number; ever: number };
  /** Breaks off every connection that there is. */
  cut: () => void;
  /** Says nothing more on the connections that there are, as a NAT that has forgotten them. */
  forget: () => void;
  /** What becomes of new connections; `answered` says a code of PostgreSQL's and no more. */
  turn: (to: "through" | "refused" | "silent" | { answered: string }) => Promise<void>;
  /**
   * The next statement that holds `text` never gets its answer: the connection breaks before it
   * arrives there, or once it was carried out. Resolves when that has happened. Several wait in line.
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

/** Without a target nothing that the client says is heard. */
function openWire(
  client: Socket,
  target: URL | undefined,
  takeLoss: (chunk: Buffer) => Loss | undefined,
): Wire {
  const upstream = target && connect(Number(target.port), target.hostname);
  let isForgotten = false;
  let lostAnswer: Loss | undefined;
  const cut = () => {
    client.resetAndDestroy();
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

/** An ErrorResponse, as from a server that takes no connection. */
function refuseWith(client: Socket, code: string): void {
  const fields = ["SFATAL", "VFATAL", `C${code}`, `Mno, says the server of ${code}`, ""];
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(""));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  client.end(Buffer.concat([Buffer.from("E"), length, body]));
}
