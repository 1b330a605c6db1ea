/** HTTP requests of callers: with a Bearer key, with TC3, or with the older signature. */
import { stringify } from "node:querystring";
import { unixSeconds } from "../../../shared/clock.js";
import { isObject } from "../../../shared/json.js";
import type { HttpRequest } from "../../../shared/runtime/http-event.js";
import { signTc3 } from "../../../shared/signing/tencent/tc3.js";
import { signV1 } from "./sign-v1.js";

export const NOW = new Date("2026-01-01T12:00:00Z");
export const HOST = "ingest.example.com";
export const FORM = "application/x-www-form-urlencoded";

type Texts = Readonly<Record<string, string>>;

export const post = (body: string | Buffer, headers: Texts = {}): HttpRequest => ({
  method: "POST",
  path: "/",
  query: "",
  headers: { host: HOST, "content-type": "application/json", ...headers },
  body: Buffer.from(body),
  parameters: {},
});

export const get = (parameters: Texts, headers: Texts = {}): HttpRequest => ({
  ...post("", headers),
  method: "GET",
  query: stringify(parameters),
  headers: { host: HOST, "content-type": FORM, ...headers },
  parameters,
});

/** As the SDKs flatten their fields. */
export const flat = (value: unknown, name = ""): [name: string, text: string][] =>
  isObject(value) || Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) =>
        flat(inner, name === "" ? key : `${name}.${key}`),
      )
    : [[name, String(value)]];

export interface Signer {
  secretId: string;
  secretKey: string;
  at?: Date;
}

/** As Tencent's SDKs do by default: content-type and host are signed. */
export function signedTc3(
  { parameters, ...message }: HttpRequest,
  { at = NOW, ...signer }: Signer & { service?: string; signedHeaders?: string[] },
): HttpRequest {
  const signed = signTc3(message, { service: "trtc", ...signer }, at);
  return { ...signed.message, parameters };
}

/** The older signature, over a form (POST) or a query (GET). */
export function signedV1(
  fields: Texts,
  {
    secretId,
    secretKey,
    at = NOW,
    method = "POST",
    algorithm = "HmacSHA256",
    host = HOST,
  }: Signer & { method?: "GET" | "POST"; algorithm?: string; host?: string },
): HttpRequest {
  const parameters: Texts = {
    Action: "StopStreamIngest",
    Version: "2019-07-22",
    Timestamp: String(unixSeconds(at)),
    Nonce: "11886",
    SecretId: secretId,
    SignatureMethod: algorithm,
    ...fields,
  };
  const { signature } = signV1({ method, host, parameters }, secretKey);
  const signed = { ...parameters, Signature: signature };
  if (method === "GET") return get(signed, { host });
  return post(stringify(signed), { host, "content-type": FORM });
}
