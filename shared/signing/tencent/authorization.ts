/**
 * The Authorization header of HTTP (RFC 9110, section 11.4): a scheme in any case, a space, then
 * parameters between commas. Clients send more spaces than Tencent's page shows.
 */

export interface Authorization {
  /** In lower case. */
  scheme: string;
  /** By lower-case name. A quoted value stands without its quotes. */
  parameters: ReadonlyMap<string, string>;
}

/** An Authorization header with twenty signed headers has about 500 characters. */
const LENGTH_MAX = 4096;

/**
 * One parameter and the separator before the next, read from the end of the last one. A value may
 * contain `/` and `;`, as Tencent's Credential and SignedHeaders do. RFC 9110 does not allow them
 * in a token.
 */
const PARAMETER =
  /[ \t,]*([!#$%&'*+.^`|~\w-]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|([^\s",]+))(?=[ \t]*,|$)/y;
const END = /(?:[ \t]*,)*$/y;

/** The scheme in lower case. Empty when the header has no scheme. */
export const schemeOf = (header: string | undefined): string =>
  /^[ \t]*([\w-]{1,64})(?=[ \t]|$)/.exec(header ?? "")?.[1]?.toLowerCase() ?? "";

/** `undefined` when the header is too long, is not a list of parameters, or repeats a parameter. */
export function readAuthorization(header: string): Authorization | undefined {
  const scheme = schemeOf(header);
  if (scheme === "" || header.length > LENGTH_MAX) return undefined;
  const parameters = new Map<string, string>();
  let at = header.length - header.trimStart().length + scheme.length;
  for (;;) {
    END.lastIndex = at;
    if (END.test(header)) return { scheme, parameters };
    PARAMETER.lastIndex = at;
    const [, name, quoted, plain] = PARAMETER.exec(header) ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || parameters.has(key)) return undefined;
    parameters.set(key, quoted ?? plain ?? "");
    at = PARAMETER.lastIndex;
  }
}
