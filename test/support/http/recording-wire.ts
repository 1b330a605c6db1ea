/** A proxy that records a client's bytes, as an attacker could. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import type { Answer } from "../app/test-app.js";

export interface Recorded {
  /** The request's bytes. */
  bytes: Buffer;
  /** The client's result. */
  outcome: PromiseSettledResult<unknown>;
}

/**
 * Lets `send` call the server through the proxy. With `deliver: false` the bytes do not arrive and
 * the client's connection is cut.
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

/** Sends the same bytes to a server and reads its answer. */
export async function replay(serverUrl: string, { bytes }: Recorded): Promise<Answer["response"]> {
  const socket = connect(Number(new URL(serverUrl).port), "127.0.0.1");
  socket.write(bytes);
  const chunks: Buffer[] = [];
  // The client asked to keep the connection open, so the answer ends with its JSON.
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    const answer = answerIn(Buffer.concat(chunks).toString());
    if (answer) return answer.Response;
  }
  throw new Error("the connection was closed before the answer was complete");
}

/** The answer contains one JSON object, whatever its framing. */
function answerIn(text: string): { Response: Answer["response"] } | undefined {
  try {
    return JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? "") as { Response: Answer["response"] };
  } catch {
    return undefined;
  }
}
