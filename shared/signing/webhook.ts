/** The signature of a notification: Standard Webhooks, by its own package. */
import { Webhook } from "standardwebhooks";
import { unixSeconds } from "../clock.js";

export interface SignedMessage {
  /** The same for each attempt. It contains no full stop, which separates the signed parts. */
  id: string;
  /** The time of this attempt. Receivers accept a difference of at most five minutes. */
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
