/** A server that receives TRTC's callbacks, records them, and answers well or badly. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { verifyCallback } from "../../../shared/signing/trtc/callback.js";
import { drip, readAll, startLoopbackServer } from "./loopback-server.js";
import { breakOff } from "../break-off.js";

export type Manner = "ok" | "never" | "500" | "redirect" | "reset" | "slow" | "endless";

export interface Received {
  headers: IncomingMessage["headers"];
  raw: Buffer;
  body: { EventType: number; EventInfo: Record<string, unknown> } & Record<string, unknown>;
  /** Whether `Sign` matches the key. */
  isSigned: boolean;
}

export interface CallbackReceiver {
  url: string;
  received: Received[];
  /** The answers to the next callbacks, one each. All later ones succeed. */
  answer: (...manners: Manner[]) => void;
  /** Waits for this total number of callbacks. */
  until: (count: number) => Promise<Received[]>;
  /** The received types, with the Status of an ingest's event. */
  seen: () => string[];
  clear: () => void;
  close: () => Promise<void>;
}

export async function startCallbackReceiver(key: string): Promise<CallbackReceiver> {
  const received: Received[] = [];
  let manners: Manner[] = [];
  let wake = (): void => undefined;
  const { port, close } = await startLoopbackServer((request, response) => {
    void readAll(request).then((raw) => {
      const { headers } = request;
      const isSigned = verifyCallback([key], raw, headers["sign"] as string | undefined);
      received.push({
        headers,
        raw,
        isSigned,
        body: JSON.parse(raw.toString()) as Received["body"],
      });
      wake();
      answerAs(manners.shift() ?? "ok", response);
    });
  });
  return {
    url: `http://127.0.0.1:${port}/trtc?room=events`,
    received,
    answer: (...next) => (manners = next),
    async until(count) {
      while (received.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return received;
    },
    seen: () =>
      received.map(({ body: { EventType, EventInfo } }) =>
        EventType >= 700 ? `${EventType}:${String(EventInfo["Status"])}` : String(EventType),
      ),
    clear() {
      received.length = 0;
      manners = [];
    },
    close,
  };
}

function answerAs(manner: Manner, response: ServerResponse): void {
  switch (manner) {
    case "ok":
      response.end('{"code":0}');
      return;
    case "never":
      return;
    case "500":
      response.writeHead(500).end("no");
      return;
    case "redirect":
      response.writeHead(307, { location: "/elsewhere" }).end();
      return;
    case "reset":
      breakOff(response.socket);
      return;
    case "slow":
      response.writeHead(200, { "content-length": 1_000_000 });
      void drip(response, 1);
      return;
    case "endless":
      response.writeHead(200);
      void drip(response, 1000);
  }
}
