/** A proxy that passes requests on and loses the answers to some of them. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface LossyProxy {
  url: string;
  /** How many of the next answers are lost. */
  lose: (count: number) => void;
  /** The bodies of all requests. */
  bodies: Record<string, unknown>[];
  close: () => void;
}

export async function openLossyProxy(target: string): Promise<LossyProxy> {
  const bodies: Record<string, unknown>[] = [];
  let toLose = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      bodies.push(JSON.parse(body) as Record<string, unknown>);
      const { host: _, connection: __, ...headers } = request.headers;
      const sent = { method: "POST", body, headers: headers as Record<string, string> };
      void fetch(target, sent).then(async (answer) => {
        const text = await answer.text();
        toLose -= 1;
        if (toLose >= 0) request.socket.destroy();
        else response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (count) => void (toLose = count),
    bodies,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
