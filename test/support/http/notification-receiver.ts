/** A server that receives notifications, records them, and answers well or badly. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { CloudEvent } from "../../../shared/notifications/cloud-event.js";
import { drip, readAll, startLoopbackServer } from "./loopback-server.js";
import { breakOff } from "../break-off.js";

/** A status to answer with, or a kind of bad answer. */
export type Manner = number | "never" | "reset" | "drip" | "endless" | { redirect: string };

export interface Taken {
  headers: IncomingMessage["headers"];
  raw: Buffer;
  event: CloudEvent;
  status: Manner;
}

export interface NotificationReceiver {
  url: string;
  port: number;
  /** All received notifications, whatever the answer was. */
  received: Taken[];
  /** The events of the accepted ones. */
  taken: () => CloudEvent[];
  /** From now on. */
  answer: (manner: Manner | ((event: CloudEvent) => Manner)) => void;
  clear: () => void;
  close: () => Promise<void>;
}

export async function startNotificationReceiver(
  tls?: Record<"key" | "cert", string>,
): Promise<NotificationReceiver> {
  const received: Taken[] = [];
  let manner: (event: CloudEvent) => Manner = () => 204;
  const listener: RequestListener = (request, response) => {
    void readAll(request).then((raw) => {
      const event = JSON.parse(raw.toString()) as CloudEvent;
      const status = manner(event);
      received.push({ headers: request.headers, raw, event, status });
      answerAs(status, response);
    });
  };
  const { port, close } = await startLoopbackServer(listener, tls);
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}/hook?token=in-the-url`,
    port,
    received,
    taken: () => received.filter(({ status }) => status === 204).map(({ event }) => event),
    answer: (next) => (manner = typeof next === "function" ? next : () => next),
    clear() {
      received.length = 0;
      manner = () => 204;
    },
    close,
  };
}

function answerAs(manner: Manner, response: ServerResponse): void {
  if (typeof manner === "number") response.writeHead(manner).end("");
  else if (typeof manner === "object") {
    response.writeHead(307, { location: manner.redirect }).end();
  } else if (manner === "reset") breakOff(response.socket);
  else if (manner !== "never") {
    response.writeHead(200, manner === "drip" ? { "content-length": 1_000_000 } : {});
    void drip(response, manner === "drip" ? 1 : 100_000);
  }
}
