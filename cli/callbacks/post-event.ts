/** Sends an event to the callback URL as TRTC does: signed, with TRTC's body. */
import { addMs, type Clock } from "../../shared/clock.js";
import { bodyOf, bytesOf, type Event } from "../../emulator/callbacks/bodies.js";
import { send } from "../../emulator/callbacks/send.js";
import type { CallbackAddress, CallbackKey } from "./address.js";

/** As TRTC's page on ingest callbacks shows it. */
const INGEST_GROUP = 7;

interface Sent {
  address: CallbackAddress;
  key: CallbackKey;
  event: (at: Date, key: CallbackKey) => Event;
}

/** Returns `HTTP 200`, another status, or what went wrong. */
export function sendEvent(clock: Clock, { address, key, event }: Sent): Promise<string> {
  const now = addMs(clock.now(), address.aheadMs);
  const bytes = bytesOf(bodyOf(event(now, key), { callbackAt: now, ingestGroup: INGEST_GROUP }));
  const message = { url: address.url.href, key: key.key, sdkAppId: key.sdkAppId, bytes };
  return send(message, { clock, signal: new AbortController().signal });
}
