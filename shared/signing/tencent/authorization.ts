/**
 * The Authorization header as HTTP writes it (RFC 9110, section 11.4): a scheme in any case, space,
 * then parameters between commas. Clients put more space around them than Tencent's page shows.
 */

export interface Authorization {
  /** In lower case. */
  scheme: string;
  /** By lower-case name; of a quoted value, what stands between the quotes. */
  parameters: ReadonlyMap<string, string>;
}

/** An Authorization header with twenty signed headers has some 500 characters. */
const LENGTH_MAX = 4096;

/**
 * One parameter and what separates it from the next, read from where the last one ended. A value
 * may hold `/` and `;`, which a token of RFC 9110 may not: Tencent's Credential and SignedHeaders do.
 */
const PARAMETER =
  /[ \t,]*([!#$%&'*+.^`|~\w-]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|([^\s",]+))(?=[ \t]*,|$)/y;
const END = /(?:[ \t]*,)*$/y;

/** The scheme in lower case; empty when there is none. */
export const schemeOf = (header: string | undefined): string =>
  /^[ \t]*([\w-]{1,64})(?=[ \t]|$)/.exec(header ?? "")?.[1]?.toLowerCase() ?? "";

/** `undefined` when the header is too long, is no list of parameters, or has one of them twice. */
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
