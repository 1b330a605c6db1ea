/**
 * The answer to bytes that Node.js cannot turn into a request. It is Tencent's envelope, because an
 * SDK's error shows the message in it. Node.js itself sends no body.
 */
import { randomUUID } from "node:crypto";
import { type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/**
 * Tencent allows a query of 32 KB, which Node.js counts as header. This leaves space for the
 * headers.
 */
export const HEADER_BYTES_MAX = 64 * 1024;

export function answerUnreadable(server: Server): Server {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.writable && error.code !== "ECONNRESET") socket.end(answerTo(error.code));
    else socket.destroy();
  });
  return server;
}

interface Refusal {
  status: number;
  Code: string;
  Message: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    Code: "RequestSizeLimitExceeded",
    Message: `The query and the headers are over ${HEADER_BYTES_MAX / 1024} KB: send the fields as JSON by POST.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    Code: "InvalidRequest",
    Message: "The request did not arrive in time: send it again.",
  },
};

const NO_HTTP: Refusal = {
  status: 400,
  Code: "InvalidRequest",
  Message: "The bytes are no HTTP request: send HTTP/1.1, without TLS.",
};

function answerTo(code = ""): string {
  const { status, Code, Message } = REFUSALS[code] ?? NO_HTTP;
  const body = JSON.stringify({
    Response: { Error: { Code, Message }, RequestId: randomUUID() },
  });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "connection: close",
    "",
    body,
  ].join("\r\n");
}
