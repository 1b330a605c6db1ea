/**
 * The cookies of one visit: a playlist may set the token that its segments want. They live as long
 * as the visit, and no other visit sees them. A library for it brings a list of all public
 * suffixes, which is larger than all readers together. Here a cookie for a domain counts for the hosts
 * under it, and in doubt for its own host alone. Source: RFC 6265, sections 5.1 to 5.4.
 */
import { isIP } from "node:net";

export interface CookieJar {
  /** Stores the cookies of an answer. Each stands in its own header. */
  note: (url: URL, headers: readonly string[]) => void;
  /** The Cookie header for a request. Undefined without cookies. */
  headerFor: (url: URL) => string | undefined;
}

const COOKIES_MAX = 50;
const COOKIE_LETTERS_MAX = 4096;
const HEADER_LETTERS_MAX = 8192;

interface Cookie {
  name: string;
  value: string;
  domain: string;
  isHostOnly: boolean;
  path: string;
  isSecure: boolean;
}

export function cookieJar(now: () => number): CookieJar {
  const cookies = new Map<string, Cookie & { expiresMs: number }>();

  return {
    note(url, headers) {
      for (const header of headers) {
        const cookie = cookieOf(header, url, now());
        if (!cookie) continue;
        const key = JSON.stringify([cookie.name, cookie.domain, cookie.path]);
        cookies.delete(key);
        if (cookie.expiresMs > now() && cookies.size < COOKIES_MAX) cookies.set(key, cookie);
      }
    },
    headerFor(url) {
      const sent = [...cookies.values()]
        .filter((cookie) => cookie.expiresMs > now() && isFor(cookie, url))
        // Longer paths first, then earlier cookies.
        .sort((one, other) => other.path.length - one.path.length)
        .map(({ name, value }) => `${name}=${value}`);
      // Servers refuse longer headers. The last cookies are the least specific.
      while (sent.join("; ").length > HEADER_LETTERS_MAX) sent.pop();
      return sent.length === 0 ? undefined : sent.join("; ");
    },
  };
}

function cookieOf(header: string, url: URL, nowMs: number) {
  if (header.length > COOKIE_LETTERS_MAX) return undefined;
  const [pair = "", ...rest] = header.split(";");
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(0, equals)).trim();
  const value = pair.slice(equals + 1).trim();
  // Bytes beyond ASCII could not be sent back unchanged.
  if (name === "" || !/^[\x20-\x7e]*$/.test(name + value)) return undefined;
  const attributes = new Map(rest.map(attributeOf));
  const domain = (attributes.get("domain") ?? "").replace(/^\./, "").toLowerCase();
  const isForeign = domain !== "" && domain !== url.hostname && !isUnder(url.hostname, domain);
  if (isForeign || (domain !== "" && domain !== url.hostname && isAddress(url))) return undefined;
  const isHostOnly = domain === "" || domain === url.hostname || isShared(domain);
  const isSecure = attributes.has("secure");
  if (isSecure && !isTrusted(url)) return undefined;
  const path = attributes.get("path") ?? "";
  return {
    name,
    value,
    isSecure,
    isHostOnly,
    domain: isHostOnly ? url.hostname : domain,
    path: path.startsWith("/") ? path : url.pathname.replace(/\/[^/]*$/, "") || "/",
    expiresMs: expiresMsOf(attributes, nowMs),
  };
}

function attributeOf(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 0) return [text.trim().toLowerCase(), ""];
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

function expiresMsOf(attributes: ReadonlyMap<string, string>, nowMs: number): number {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined && /^-?\d{1,12}$/.test(maxAge)) return nowMs + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get("expires") ?? "");
  return Number.isNaN(expires) ? Infinity : expires;
}

function isFor({ domain, isHostOnly, path, isSecure }: Cookie, url: URL): boolean {
  const isHost = url.hostname === domain || (!isHostOnly && isUnder(url.hostname, domain));
  const isPath =
    url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
  return isHost && isPath && (!isSecure || isTrusted(url));
}

const isUnder = (host: string, domain: string): boolean => host.endsWith(`.${domain}`);

/** Loopback counts as secure, as in browsers. */
const isTrusted = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);

const isAddress = ({ hostname }: URL): boolean => isIP(hostname.replace(/^\[(.*)\]$/, "$1")) !== 0;

/** Whether several owners may have hosts below it: `com`, `co.uk`, `com.cn`, `myqcloud.com`. */
function isShared(domain: string): boolean {
  const labels = domain.split(".");
  const [second = "", top = ""] = labels.slice(-2);
  if (labels.length < 2) return true;
  if (SHARED_HOSTING.some((host) => domain === host || isUnder(domain, host))) return true;
  return labels.length === 2 && top.length === 2 && (second.length <= 3 || SOLD.has(second));
}

const SOLD = new Set(["asso", "gouv", "info", "name", "firm", "store", "nhs", "police"]);

const SHARED_HOSTING = [
  "myqcloud.com",
  "tencentcos.cn",
  "aliyuncs.com",
  "amazonaws.com",
  "cloudfront.net",
  "akamaized.net",
  "akamaihd.net",
  "azureedge.net",
  "windows.net",
  "googleapis.com",
  "github.io",
  "gitlab.io",
  "pages.dev",
  "workers.dev",
  "vercel.app",
  "netlify.app",
  "r2.dev",
];
