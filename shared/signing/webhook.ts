/** What a notification is signed with: Standard Webhooks, by its own package. */
import { Webhook } from "standardwebhooks";
import { unixSeconds } from "../clock.js";

export interface SignedMessage {
  /** The same for each attempt; without a full stop, which sets the signed parts apart. */
  id: string;
  /** Of this attempt: receivers take what is five minutes off at the most. */
  at: Date;
  body: string;
}

/** HMAC-SHA256 over id, timestamp and body, with the key of each `whsec_…` secret. */
export const signWebhook = (
  secrets: readonly string[],
  { id, at, body }: SignedMessage,
): Record<string, string> => ({
  "webhook-id": id,
  "webhook-timestamp": String(unixSeconds(at)),
  "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(" "),
});
