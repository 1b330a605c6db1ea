/** The accounts that may call the emulator, and their applications. */
import type { Site } from "../shared/contract/sites.js";

/** A cloud API key. The emulator identifies an account by its SecretId. */
export interface Account {
  secretKey: string;
  /** The token of temporary keys. Such calls must send it. */
  token?: string;
}

/** A TRTC application, with the settings of its console page. */
export interface Application {
  sdkAppId: number;
  /** The SDKSecretKey, which signs UserSig and PrivateMapKey. */
  secretKey: string;
  /** Decides the fields, ranges and regions of every call that names the application. */
  site: Site;
  /** "Advanced permission control": a start then needs a PrivateMapKey. Default: off. */
  advancedPermission?: boolean;
  /** "Input media stream into room" is unlocked. Default: it is. */
  ingest?: boolean;
  /** RTMP sources are unlocked; the international site alone asks. Default: they are. */
  rtmp?: boolean;
  /** The URL that receives the events of its rooms and ingests. Default: none. */
  callbackUrl?: string;
  /** The key that signs its events: up to 32 letters and digits. Default: no signature. */
  callbackKey?: string;
  /** The accounts that own it. Default: every account. */
  secretIds?: readonly string[];
}

export type Accounts = Readonly<Record<string, Account>>;
