/** One HTTP exchange of Tencent's API: reads the request, and sends the answer or loses it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerCall } from "./api.js";
import { sendAnswer } from "../faults/send-answer.js";
import { readBody } from "./read-body.js";
import { BODY_BYTES_MAX } from "./read-call.js";
import type { World } from "../world.js";

export interface ApiExchange {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: string;
  /** When the request's head arrived, on the clock of arrivals. */
  atMs: number;
}

export async function answerApi(world: World, exchange: ApiExchange): Promise<void> {
  const { request, response, path, query, atMs } = exchange;
  const body = await readBody(request, BODY_BYTES_MAX + 1);
  const { method = "GET" } = request;
  const headers = plainHeaders(request);
  const { envelope, wire } = await answerCall(world, {
    message: { method, path, query, headers, body },
    atMs,
  });
  const traceId = headers["x-tc-traceid"] ?? "";
  // Tencent's SDKs send this header and show the one that comes back.
  if (/^[\w-]{1,128}$/.test(traceId)) response.setHeader("x-tc-traceid", traceId);
  const json = Buffer.from(JSON.stringify(envelope));
  await sendAnswer(wire, { response, json, clock: world.arrivalClock });
}

/** One string per header. Node.js joins or drops repeated headers. */
const plainHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
