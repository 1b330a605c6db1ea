/**
 * A process of its own, which puts a distance before a server on this machine:
 * `distance.ts --rtt <ms> [--tls <folder>] <host:port>`. What a client sends goes on a round trip
 * later, and answers come back at once: the client cannot tell that from half of it on each way. A
 * new connection takes another round trip, as TCP's handshake does. `--tls` names the folder with a
 * certificate, and ends TLS beyond the distance.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { parseArgs } from "node:util";
import { systemClock as clock } from "../../shared/clock.js";
import { CERTIFICATE, KEY } from "./certificate.js";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rtt: { type: "string", default: "0" }, tls: { type: "string" } },
  });
  const { hostname, port } = new URL(`tcp://${positionals[0] ?? ""}`);
  const beyond = values.tls === undefined ? Number(port) : await endTls(values.tls, Number(port));
  const rttMs = Number(values.rtt);
  const far = createServer((near) => delay(near, connectTo(beyond, hostname), rttMs));
  process.stdout.write(`ready localhost:${await listen(far)}\n`);
}

/** The port of a server that passes on what comes by TLS. */
function endTls(folder: string, port: number): Promise<number> {
  const [key, cert] = [KEY, CERTIFICATE].map((file) => readFileSync(join(folder, file)));
  const server = createTlsServer({ key, cert, ALPNProtocols: ["http/1.1"] }, (near) => {
    const far = connectTo(port, "127.0.0.1");
    endTogether(near, far);
    near.pipe(far).pipe(near);
  });
  return listen(server);
}

const connectTo = (port: number, host: string): Socket => connect({ port, host, noDelay: true });

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function delay(near: Socket, far: Socket, rttMs: number): void {
  const openAtMs = clock.elapsedMs() + rttMs;
  near.setNoDelay(true);
  endTogether(near, far);
  far.pipe(near);
  let sent = Promise.resolve();
  near.on("data", (chunk: Buffer) => {
    const arrivesMs = Math.max(clock.elapsedMs(), openAtMs) + rttMs;
    sent = sent.then(async () => {
      const leftMs = arrivesMs - clock.elapsedMs();
      if (leftMs > 0) await clock.sleep(leftMs);
      far.write(chunk);
    });
  });
}

function endTogether(one: Socket, other: Socket): void {
  for (const [ends, too] of [
    [one, other],
    [other, one],
  ] as const) {
    ends.on("error", () => too.destroy()).on("close", () => too.destroy());
  }
}

await main();
