/** Sends an answer normally, or as the fault demands. */
import type { ServerResponse } from "node:http";
import type { Clock } from "../../shared/clock.js";
import type { Wire } from "./effect.js";

/** The time for half of an answer to arrive, before the connection is reset. */
const RESET_AFTER_MS = 10;

const html = (title: string): Buffer =>
  Buffer.from(`<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`);

interface Sending {
  response: ServerResponse;
  json: Buffer;
  clock: Pick<Clock, "sleep">;
}

export async function sendAnswer(wire: Wire, { response, json, clock }: Sending): Promise<void> {
  switch (wire) {
    case "answer":
      head(response, 200, "application/json", json.length).end(json);
      return;
    case "close":
      response.destroy();
      return;
    case "hang":
      return;
    case "bad-gateway":
      page(response, 502, html("502 Bad Gateway"));
      return;
    case "garbage":
      page(response, 200, html("Welcome"));
      return;
    case "reset":
      head(response, 200, "application/json", json.length).write(
        json.subarray(0, Math.floor(json.length / 2)),
      );
      await clock.sleep(RESET_AFTER_MS);
      response.socket?.resetAndDestroy();
  }
}

const page = (response: ServerResponse, status: number, bytes: Buffer) =>
  head(response, status, "text/html", bytes.length).end(bytes);

const head = (response: ServerResponse, status: number, type: string, length: number) =>
  response.writeHead(status, {
    "content-type": type,
    "content-length": length,
    "cache-control": "no-store",
  });
