/**
 * The ways in which Tencent's signers write one query. TC3 signs the query as text. A platform may
 * pass on decoded values only, or a client may send another spelling than it signed. Sources: the
 * SDKs' code, and the encoders of each language's standard library.
 */
import { distinct } from "./signed-request.js";

interface Spelling {
  /** The characters that stay unencoded, besides letters and digits. */
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

/** The written form of each byte of UTF-8. */
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
 * Returns the query as it came, then each other spelling of the same names and values. It keeps the
 * order of arrival, and also sorts by name, for platforms that sort. At most seventeen, usually
 * one.
 */
export function querySpellings(query: string): string[] {
  if (query === "") return [query];
  const pairs = [...new URLSearchParams(query)];
  const byName = pairs.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  alphabets ??= SPELLINGS.map(alphabetOf);
  const written = alphabets.flatMap((alphabet) =>
    [pairs, byName].map((list) => writeQuery(list, alphabet)),
  );
  return distinct([query, ...written]);
}

/** Writes a query that a platform decoded, as RFC 3986 does. */
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
