/**
 * The ways in which the signers of Tencent's requests write one query. TC3 signs the query as text,
 * and a platform may hand on its decoded values only, or a client may send another spelling than
 * it signed. Sources: the SDKs' own code, and the encoders of each language's standard library.
 */
import { distinct } from "./signed-request.js";

interface Spelling {
  /** What stays as it is, beside letters and digits. */
  kept: string;
  space: "+" | "%20";
  hex?: "lower";
}

const SPELLINGS: readonly Spelling[] = [
  // RFC 3986, as Tencent's page has it: C++, PHP's rawurlencode, .NET's EscapeDataString.
  { kept: "-._~", space: "%20" },
  // Python's urlencode and Go's url.Values.
  { kept: "-._~", space: "+" },
  // Java's URLEncoder, Ruby's encode_www_form, a browser's URLSearchParams.
  { kept: "*-._", space: "+" },
  // PHP's http_build_query, and Python before 3.7.
  { kept: "-._", space: "+" },
  // .NET's WebUtility.
  { kept: "!()*-._", space: "+" },
  // .NET's HttpUtility.
  { kept: "!()*-._", space: "+", hex: "lower" },
  // Node's querystring, as part of a URL, which escapes the apostrophe.
  { kept: "!()*-._~", space: "%20" },
  // JavaScript's encodeURIComponent.
  { kept: "!'()*-._~", space: "%20" },
];

/** For each byte of UTF-8, how it is written. */
const alphabetOf = ({ kept, space, hex }: Spelling): readonly string[] =>
  Array.from({ length: 256 }, (_, byte) => {
    const letter = String.fromCharCode(byte);
    if (letter === " ") return space;
    if (/[A-Za-z0-9]/.test(letter) || kept.includes(letter)) return letter;
    const code = byte.toString(16).padStart(2, "0");
    return `%${hex === "lower" ? code : code.toUpperCase()}`;
  });

let alphabets: readonly (readonly string[])[] | undefined;

type Pair = readonly [name: string, value: string];

/**
 * The query as it came, then each way to write the same names and values. They stand in their
 * order, and by name for a platform that sorts them. At most seventeen, mostly one.
 */
export function querySpellings(query: string): string[] {
  if (query === "") return [query];
  const pairs = [...new URLSearchParams(query)];
  const byName = pairs.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  alphabets ??= SPELLINGS.map(alphabetOf);
  const written = alphabets.flatMap((alphabet) =>
    [pairs, byName].map((each) => writeQuery(each, alphabet)),
  );
  return distinct([query, ...written]);
}

/** The query that a platform decoded, as RFC 3986 writes it. */
export const queryOf = (pairs: readonly Pair[]): string =>
  writeQuery(pairs, alphabetOf({ kept: "-._~", space: "%20" }));

const writeQuery = (pairs: readonly Pair[], alphabet: readonly string[]): string =>
  pairs
    .map(([name, value]) => `${writeText(name, alphabet)}=${writeText(value, alphabet)}`)
    .join("&");

function writeText(text: string, alphabet: readonly string[]): string {
  let written = "";
  for (const byte of Buffer.from(text)) written += alphabet[byte] ?? "";
  return written;
}
