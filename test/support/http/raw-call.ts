/** Calls of Tencent's API made by hand, which no SDK would send. */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { expect } from "@jest/globals";
import { DEFAULT_ACCOUNTS, DEFAULT_SECRET_ID } from "../../../emulator/defaults.js";
import { newTaskId } from "../../../emulator/tasks/task-id.js";
import { systemClock, unixSeconds } from "../../../shared/clock.js";
import type { HttpMessage } from "../../../shared/signing/tencent/signed-request.js";
import { signTc3 } from "../../../shared/signing/tencent/tc3.js";
import { signV1 } from "./sign-v1.js";
import { API_VERSION } from "../../../shared/contract/sites.js";
import { CN_APP } from "./emulator-client.js";

const KEY = DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey ?? "";

/** A task that never existed. Describing it needs no other data and gets an answer. */
export const NAMED = { SdkAppId: CN_APP, TaskId: newTaskId() };

export const FORM = { "content-type": "application/x-www-form-urlencoded" };

export interface Raw {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

export interface Envelope {
  Response: { RequestId: string; Error?: { Code: string; Message: string } };
}

export const envelopeIn = ({ status, text }: RawAnswer): Envelope => {
  expect(status).toBe(200);
  const envelope = JSON.parse(text) as Envelope;
  expect(envelope.Response.RequestId).toMatch(/^[0-9a-f-]{36}$/);
  return envelope;
};

export const codeIn = (answer: RawAnswer): string | undefined =>
  envelopeIn(answer).Response.Error?.Code;

export interface RawCaller {
  raw: (request: Raw) => Promise<RawAnswer>;
  /** Describes NAMED as an SDK signs it, with changes. */
  sign: (changes?: Partial<HttpMessage>, now?: Date) => HttpMessage;
  sendSigned: (changes?: Partial<HttpMessage>, now?: Date) => Promise<RawAnswer>;
  /** The same with the older signature, as the text of a form or a query. */
  form: (changes?: Record<string, string>, method?: string) => string;
}

export function rawCaller(url: string): RawCaller {
  const { host } = new URL(url);

  const raw: RawCaller["raw"] = ({ method = "POST", path = "/", headers = {}, body = "" }) =>
    new Promise((resolve, reject) => {
      const call = httpRequest(url + path, { method, headers, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      });
      call.on("error", reject);
      call.end(body);
    });

  const sign: RawCaller["sign"] = (changes = {}, now = systemClock.now()) => {
    const message = {
      method: "POST",
      path: "/",
      query: "",
      body: Buffer.from(JSON.stringify(NAMED)),
      ...changes,
      headers: {
        "content-type": "application/json",
        host,
        "x-tc-action": "DescribeStreamIngest",
        "x-tc-version": API_VERSION,
        "x-tc-region": "ap-singapore",
        ...changes.headers,
      },
    };
    const signer = { secretId: DEFAULT_SECRET_ID, secretKey: KEY, service: "trtc" };
    return signTc3(message, signer, now).message;
  };

  const form: RawCaller["form"] = (changes = {}, method = "POST") => {
    const parameters = {
      Action: "DescribeStreamIngest",
      Version: API_VERSION,
      Region: "ap-singapore",
      Nonce: "7",
      Timestamp: String(unixSeconds(systemClock.now())),
      SecretId: DEFAULT_SECRET_ID,
      SdkAppId: String(CN_APP),
      TaskId: NAMED.TaskId,
      ...changes,
    };
    const { signature } = signV1({ method, host, parameters }, KEY);
    return new URLSearchParams({ ...parameters, Signature: signature }).toString();
  };

  return { raw, sign, form, sendSigned: (changes, now) => raw(sign(changes, now)) };
}

/** Sends bytes on a connection of their own, and returns what comes back until its end. */
export async function answerToBytes(url: string, bytes: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A request that no server reads, the status of its refusal, and the code in it. */
export const UNREADABLE: readonly [name: string, bytes: string, status: number, code: string][] = [
  ["garbage", "garbage\r\n\r\n", 400, "InvalidRequest"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "InvalidRequest"],
  [
    "a wrong header",
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nno header\r\n\r\n",
    400,
    "InvalidRequest",
  ],
  [
    "a query over 64 KB",
    `GET /?Signature=x&a=${"x".repeat(64 * 1024)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    431,
    "RequestSizeLimitExceeded",
  ],
];

/** An SDK reads Tencent's envelope and this type only. */
export function expectRefusal(text: string, { status, code }: { status: number; code: string }) {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head.split("\r\n")).toContain("content-type: application/json");
  expect(JSON.parse(body)).toEqual({
    Response: {
      Error: { Code: code, Message: expect.stringContaining(": send ") },
      RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  });
}
