/**
 * The canonical request of TC3-HMAC-SHA256: the signed text of a message. Source: "Concatenating
 * the Canonical Request" (trtc.io/document/34264).
 */
import { createHash } from "node:crypto";
import { querySpellings } from "./query-spellings.js";
import { type HttpMessage, distinct, hostForms, pathForms } from "./signed-request.js";

/** The points in which two signers of one message may differ. */
interface Form {
  path: string;
  query: string;
  host: string;
  spell: (headerValue: string) => string;
}

const asSent = (value: string): string => value;
const lowerCased = (value: string): string => value.toLowerCase();

/** The form that we sign: as documented, with header values in lower case. */
export const canonicalRequest = (
  message: HttpMessage,
  signedHeaders: readonly string[],
): string => {
  const { path, query, headers } = message;
  const form = { path, query, host: headers["host"] ?? "", spell: lowerCased };
  return textOf({ message, signedHeaders, payloadHash: payloadHashOf(message) }, form);
};

/**
 * Every form that a signer may use. The page lower-cases header values and the SDKs do not; see
 * also `hostForms`, `pathForms` and `querySpellings`. At most 136, usually two. The body is hashed
 * once.
 */
export function canonicalRequestForms(
  message: HttpMessage,
  signedHeaders: readonly string[],
): string[] {
  const source = { message, signedHeaders, payloadHash: payloadHashOf(message) };
  const queries = querySpellings(message.query);
  const forms = pathForms(message.path).flatMap((path) =>
    hostForms(message.headers["host"] ?? "").flatMap((host) =>
      [asSent, lowerCased].flatMap((spell) =>
        queries.map((query) => textOf(source, { path, query, host, spell })),
      ),
    ),
  );
  return distinct(forms);
}

interface Source {
  message: HttpMessage;
  signedHeaders: readonly string[];
  payloadHash: string;
}

function textOf({ message, signedHeaders, payloadHash }: Source, form: Form): string {
  const headerLines = signedHeaders.map((name) => {
    const value = name === "host" ? form.host : (message.headers[name] ?? "");
    return `${name}:${form.spell(value.trim())}\n`;
  });
  return [
    message.method,
    form.path,
    form.query,
    headerLines.join(""),
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/**
 * Hashes the body for every method: a GET with a body must not pass unsigned. The Go, Python and
 * PHP SDKs can leave a body unsigned, and this header declares it.
 */
function payloadHashOf({ headers, body }: HttpMessage): string {
  const unsigned = headers["x-tc-content-sha256"] === "UNSIGNED-PAYLOAD";
  return sha256Hex(unsigned ? "UNSIGNED-PAYLOAD" : body);
}

export const sha256Hex = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");
