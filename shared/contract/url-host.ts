/**
 * Which hosts a URL may name: parsers agree about plain ones only. One decodes `%2e`, another takes
 * it as it stands, and `!` or `;` end a host for some.
 */
import { hostOfUrl } from "./private-hosts.js";

/** Letters, digits, `.`, `-` and `_`, or an IPv6 address in brackets; a port may follow. */
const PLAIN = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?$/;

/** What is wrong with the host of `//host:port/…`, in words; a user name is another's to refuse. */
export function hostFault(rest: string): string | undefined {
  return PLAIN.test(authorityOf(rest))
    ? undefined
    : (foreignHostFault(rest) ??
        "has a host with other characters than letters, digits, `.`, `-` and `_`: send a plain name, or an address");
}

/** Of a host that DNS knows by another spelling, `xn--…`: what to send in its place. */
export function foreignHostFault(rest: string): string | undefined {
  const authority = authorityOf(rest);
  if (!/[^\x21-\x7e]|%/.test(authority) || /[@\\\s\p{Cc}]/u.test(authority)) return undefined;
  if (!URL.canParse(`http://${authority}`)) return undefined;
  const host = hostOfUrl(new URL(`http://${authority}`));
  // An address in wide digits is meant to be overlooked, and has no other name.
  if (!/^[a-z0-9._-]+$/.test(host) || !/[a-z]/.test(host)) return undefined;
  return `has a host with encoded letters, or letters outside ASCII: send ${host} in its place`;
}

const authorityOf = (rest: string): string => /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? "";
