/** Compresses answers. A list of 500 ingests is then a tenth as long. */
import { promisify } from "node:util";
import type { HttpAnswer } from "../envelope.js";

/** A shorter answer fits into a packet or two. */
const ZIPPED_MIN_CHARS = 4096;

/** The same answer where the client does not take gzip, or where it is short or compressed. */
export async function zipped(
  answer: HttpAnswer,
  headers: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  const { body, isBase64Encoded } = answer;
  if (isBase64Encoded || body.length < ZIPPED_MIN_CHARS || !takesGzip(headers)) return answer;
  const { gzip } = await import("node:zlib");
  const bytes = await promisify(gzip)(body);
  return {
    ...answer,
    isBase64Encoded: true,
    headers: { ...answer.headers, "content-encoding": "gzip", vary: "accept-encoding" },
    body: bytes.toString("base64"),
  };
}

export const takesGzip = ({ "accept-encoding": encodings = "" }: Record<string, string>): boolean =>
  encodings.split(",").some((encoding) => {
    const [name = "", quality = ""] = encoding.split(";").map((part) => part.trim().toLowerCase());
    return name === "gzip" && !/^q=0(\.0{0,3})?$/.test(quality);
  });
