/**
 * Which hosts a URL may name. Parsers agree about plain names only. Some decode `%2e`, others do
 * not, and some end a host at `!` or `;`.
 */
import { hostOfUrl } from "../network/private-hosts.js";

/** Letters, digits, `.`, `-` and `_`, or an IPv6 address in brackets. A port may follow. */
const PLAIN = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?$/;

/** Says what is wrong with the host of `//host:port/…`. Another check refuses user names. */
export function hostFault(rest: string): string | undefined {
  return PLAIN.test(authorityOf(rest))
    ? undefined
    : (foreignHostFault(rest) ??
        "has a host with characters other than letters, digits, `.`, `-` and `_`: send a plain name, or an address");
}

/** For a host that DNS knows by another spelling (`xn--…`): says what to send instead. */
export function foreignHostFault(rest: string): string | undefined {
  const authority = authorityOf(rest);
  if (!/[^\x21-\x7e]|%/.test(authority) || /[@\\\s\p{Cc}]/u.test(authority)) return undefined;
  if (!URL.canParse(`http://${authority}`)) return undefined;
  const host = hostOfUrl(new URL(`http://${authority}`));
  // An IP address in wide digits has no DNS name. Its purpose is to hide the address.
  if (!/^[a-z0-9._-]+$/.test(host) || !/[a-z]/.test(host)) return undefined;
  return `has a host with encoded letters, or letters outside ASCII: send ${host} in its place`;
}

const authorityOf = (rest: string): string => /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? "";
