/**
 * The account and the applications for one machine. The emulator, the local gateway, the demo and
 * the README's examples use them. These public keys protect nothing, and nothing here needs
 * protection. The emulator listens on loopback and sends nothing to other machines.
 */
import type { Accounts, Application } from "./accounts.js";

export const DEFAULT_PORT = 3001;

export const DEFAULT_SECRET_ID = "AKIDemulator";

export const DEFAULT_ACCOUNTS: Accounts = {
  [DEFAULT_SECRET_ID]: { secretKey: "emulator-secret-key" },
};

export const DEFAULT_APPLICATIONS: readonly Application[] = [
  {
    sdkAppId: 1_400_000_000,
    // The key of Tencent's published UserSig samples.
    secretKey: "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
    site: "cn",
  },
  {
    sdkAppId: 1_600_000_000,
    secretKey: "9e1c4ab0d27f53866f0e8d3b71c5a2944d6e0b8f17a3c95e2b60d4f8137ac5e1",
    site: "intl",
  },
];
