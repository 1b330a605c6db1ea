/** Fields of CALLERS for notifications: the URL that receives them and the keys that sign them. */
import * as Type from "@sinclair/typebox";
import { hostOfUrl, isPrivateHost } from "../network/private-hosts.js";
import { foreignHostFault, hostFault } from "../contract/url-host.js";

export const NOTIFY_FIELDS = {
  NotifyUrl: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
  /** The form of Standard Webhooks: `whsec_`, then 24 to 64 random bytes in base64. */
  NotifySecrets: Type.Optional(
    Type.Array(Type.String({ maxLength: 94, pattern: "^whsec_[A-Za-z0-9+/]+={0,2}$" }), {
      minItems: 1,
      maxItems: 4,
    }),
  ),
};

export interface NotifySettings {
  NotifyUrl?: string;
  NotifySecrets?: string[];
}

export interface Receiver {
  url: string;
  /** Each secret signs, so a receiver needs to know only one of them. */
  secrets: readonly string[];
}

export const receiverOf = ({ NotifyUrl, NotifySecrets }: NotifySettings): Receiver | undefined =>
  NotifyUrl === undefined || NotifySecrets === undefined
    ? undefined
    : { url: NotifyUrl, secrets: NotifySecrets };

const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

/** Says what is wrong with the settings, without their values: a URL may hold a token. */
export function notifyFault(
  { NotifyUrl, NotifySecrets }: NotifySettings,
  { allowPrivateHosts }: { allowPrivateHosts: boolean },
): string | undefined {
  if ((NotifyUrl === undefined) !== (NotifySecrets === undefined)) {
    return "NotifyUrl and NotifySecrets go together: set both, or neither";
  }
  if (NotifyUrl === undefined || NotifySecrets === undefined) return undefined;
  return urlFault(NotifyUrl, allowPrivateHosts) ?? secretsFault(NotifySecrets);
}

function urlFault(text: string, allowPrivateHosts: boolean): string | undefined {
  const isOffered =
    /^https:\/\/[^/]/i.test(text) || (allowPrivateHosts && /^http:\/\/[^/]/i.test(text));
  const rest = text.replace(/^https?:/i, "");
  const ofHost = isOffered ? foreignHostFault(rest) : undefined;
  if (ofHost !== undefined) return `NotifyUrl ${ofHost}`;
  // Parsers disagree about a backslash, and silently drop line breaks.
  if (!isOffered || !/^[\x21-\x5b\x5d-\x7e]+$/.test(text) || !URL.canParse(text)) {
    const schemes = allowPrivateHosts ? "https:// or http://" : "https://";
    return `NotifyUrl must be a URL that begins with ${schemes}`;
  }
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    return "NotifyUrl carries a user name or password: remove it, since the signature identifies us";
  }
  const fault = hostFault(rest);
  if (fault !== undefined) return `NotifyUrl ${fault}`;
  if (!allowPrivateHosts && isPrivateHost(hostOfUrl(url))) {
    return "NotifyUrl points to a loopback, link-local or private host: set ALLOW_PRIVATE_NOTIFY_HOSTS if that is intended";
  }
  return undefined;
}

function secretsFault(secrets: readonly string[]): string | undefined {
  const index = secrets.findIndex((secret) => !isSecret(secret));
  if (index < 0) return undefined;
  return `NotifySecrets[${index}] must be whsec_ and the base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} random bytes`;
}

function isSecret(secret: string): boolean {
  const encoded = secret.replace(/^whsec_/, "");
  const key = Buffer.from(encoded, "base64");
  const isWhole = key.toString("base64") === encoded;
  return isWhole && key.length >= SECRET_BYTES_MIN && key.length <= SECRET_BYTES_MAX;
}
