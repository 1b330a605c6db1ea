/** Who may call the emulator, and the applications that they may call it for. */
import type { Site } from "../shared/contract/sites.js";

/** A cloud API key; its SecretId is the account's name everywhere else. */
export interface Account {
  secretKey: string;
  /** Of temporary keys: such calls must bring it. */
  token?: string;
}

/** A TRTC application, as its console page would describe it. */
export interface Application {
  sdkAppId: number;
  /** The SDKSecretKey, which UserSig and PrivateMapKey are signed with. */
  secretKey: string;
  /** Decides the fields, ranges and regions of every call that names the application. */
  site: Site;
  /** "Advanced permission control": a start then needs a PrivateMapKey. Default: off. */
  advancedPermission?: boolean;
  /** "Input media stream into room" is unlocked. Default: it is. */
  ingest?: boolean;
  /** RTMP sources are unlocked; the international site alone asks. Default: they are. */
  rtmp?: boolean;
  /** Where its events are sent, of its rooms and of its ingests. Default: nowhere. */
  callbackUrl?: string;
  /** What they are signed with: up to 32 letters and digits. Default: they are not signed. */
  callbackKey?: string;
  /** The accounts that own it. Default: every account. */
  secretIds?: readonly string[];
}

export type Accounts = Readonly<Record<string, Account>>;
