/**
 * A wire to TRTC that fails on demand: between us and the emulator, so that "the answer was lost"
 * means that TRTC has acted and we do not know.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type House, type HouseOptions, openHouse } from "./house.js";

export type Fault =
  "lose-request" | "lose-answer" | "gateway-error" | "garbage" | "throttle" | "hang";

export interface FlakyTrtc {
  url: string;
  /** The next calls of the action meet these, one each. */
  next: (action: string, ...faults: Fault[]) => void;
  /** How many calls of the action came this far. */
  calls: (action: string) => number;
  /** The bodies that were sent, by action. */
  bodies: (action: string) => Record<string, unknown>[];
  pointAt: (trtcUrl: string) => void;
  close: () => Promise<void>;
}

export async function startFlakyTrtc(): Promise<FlakyTrtc> {
  const planned = new Map<string, Fault[]>();
  const seen = new Map<string, string[]>();
  let target = "";
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const action = String(incoming.headers["x-tc-action"]);
      const body = await read(incoming);
      seen.set(action, [...(seen.get(action) ?? []), body.toString()]);
      const fault = planned.get(action)?.shift();
      await serve({ fault, incoming, outgoing, body, target });
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (action, ...faults) => planned.set(action, faults),
    calls: (action) => (seen.get(action) ?? []).length,
    bodies: (action) =>
      (seen.get(action) ?? []).map((body) => JSON.parse(body) as Record<string, unknown>),
    pointAt(trtcUrl) {
      target = trtcUrl;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Serving {
  fault: Fault | undefined;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  body: Buffer;
  target: string;
}

async function serve({ fault, incoming, outgoing, body, target }: Serving): Promise<void> {
  switch (fault) {
    case "hang":
      return;
    case "lose-request":
      outgoing.destroy();
      return;
    case "gateway-error":
      outgoing.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
      return;
    case "garbage":
      outgoing.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>");
      return;
    case "throttle":
      outgoing.writeHead(200, { "content-type": "application/json" });
      outgoing.end(JSON.stringify({ Response: { Error: THROTTLED, RequestId: "throttled" } }));
      return;
    case "lose-answer":
      await forward(incoming, body, target);
      outgoing.destroy();
      return;
    case undefined:
      outgoing.writeHead(200, { "content-type": "application/json" });
      outgoing.end(await forward(incoming, body, target));
  }
}

const THROTTLED = { Code: "RequestLimitExceeded", Message: "Too many." };

async function forward({ headers, method }: IncomingMessage, body: Buffer, target: string) {
  const call = request(target, { method, headers, agent: false });
  call.end(body);
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  return read(answer);
}

async function read(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A house whose calls to TRTC go over such a wire. Closing the house closes the wire. */
export async function openFlakyHouse(
  options: HouseOptions = {},
): Promise<{ house: House; trtc: FlakyTrtc }> {
  const trtc = await startFlakyTrtc();
  const house = await openHouse({ ...options, trtcEndpoint: () => trtc.url });
  trtc.pointAt(house.trtcUrl);
  const close = async () => {
    await house.close();
    await trtc.close();
  };
  return { house: { ...house, close }, trtc };
}
