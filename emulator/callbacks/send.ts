/** One attempt of one callback: the request that TRTC sends, and the answers that it accepts. */
import { type Clock, SECOND_MS } from "../../shared/clock.js";
import { signCallback } from "../../shared/signing/trtc/callback.js";

export interface Message {
  url: string;
  /** Without a key the callback is not signed. */
  key: string | undefined;
  sdkAppId: number;
  bytes: Buffer;
}

/** "No response within 5 seconds is a failure." */
const TIME_LIMIT_MS = 5 * SECOND_MS;

/** The Chinese page limits an answer to this size. The rest is not read. */
const ANSWER_BYTES_MAX = 2000;

export const OK = "HTTP 200";

/**
 * Returns `HTTP 200` for the only answer that counts. Otherwise it returns the failure: another
 * status (also a redirect), no complete answer in time, or no connection. Never throws.
 */
export async function send(
  { url, key, sdkAppId, bytes }: Message,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<string> {
  const over = new AbortController();
  const limit = clock.sleep(TIME_LIMIT_MS, over.signal).then(() => over.abort());
  try {
    const answer = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        SdkAppId: String(sdkAppId),
        ...(key !== undefined && { Sign: signCallback(key, bytes) }),
      },
      body: new Uint8Array(bytes),
      signal: AbortSignal.any([over.signal, signal]),
    });
    await readSome(answer);
    return `HTTP ${answer.status}`;
  } catch {
    if (signal.aborted) return "the emulator was closed";
    return over.signal.aborted ? "no answer within 5 s" : "the connection failed";
  } finally {
    over.abort();
    await limit;
  }
}

/** A slow answer does not count, and an endless one is cut. */
async function readSome({ body }: Response): Promise<void> {
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > ANSWER_BYTES_MAX) return;
  }
}
