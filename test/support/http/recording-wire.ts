/** A wire to a server that remembers, byte for byte, what a client sent: what a thief would have. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import type { Answer } from "../app/test-app.js";

export interface Recorded {
  /** The request as it came over the wire. */
  bytes: Buffer;
  /** What the client made of the answer. */
  outcome: PromiseSettledResult<unknown>;
}

/**
 * Lets `send` talk to the server over the wire. With `deliver: false` its bytes never arrive
 * there, and it sees its connection cut.
 */
export async function record(
  serverUrl: string,
  send: (wireUrl: string) => Promise<unknown>,
  { deliver = true } = {},
): Promise<Recorded> {
  const chunks: Buffer[] = [];
  const wire = createServer((client) => {
    client.on("error", () => undefined);
    client.on("data", (chunk) => chunks.push(chunk));
    if (!deliver) {
      client.once("data", () => setImmediate(() => client.destroy()));
      return;
    }
    const server = connect(Number(new URL(serverUrl).port), "127.0.0.1");
    server.on("error", () => client.destroy());
    client.pipe(server).pipe(client);
  });
  wire.listen(0, "127.0.0.1");
  await once(wire, "listening");
  const url = `http://127.0.0.1:${(wire.address() as AddressInfo).port}`;
  const [outcome] = await Promise.allSettled([send(url)]);
  wire.close();
  return { bytes: Buffer.concat(chunks), outcome };
}

/** Sends the very same bytes to a server, and reads its answer. */
export async function replay(serverUrl: string, { bytes }: Recorded): Promise<Answer["response"]> {
  const socket = connect(Number(new URL(serverUrl).port), "127.0.0.1");
  socket.write(bytes);
  const chunks: Buffer[] = [];
  // The connection stays open for more, as the client had asked: the answer is over with its JSON.
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    const answer = answerIn(Buffer.concat(chunks).toString());
    if (answer) return answer.Response;
  }
  throw new Error("the connection was closed before the answer was complete");
}

/** Whatever its framing, there is one JSON object in it. */
function answerIn(text: string): { Response: Answer["response"] } | undefined {
  try {
    return JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? "") as { Response: Answer["response"] };
  } catch {
    return undefined;
  }
}
