/**
 * The length of an FLV stream, from its first bytes. TRTC takes FLV and the media reader that the
 * emulator uses does not, but its header is simple enough.
 * Source: Adobe Flash Video File Format Specification 10.1, annex E.
 */
const SIGNATURE = Buffer.from("FLV");

/** A property's name is written with its length before it; 0 then marks a number, as a double. */
const DURATION = Buffer.from("\0\bduration\0", "latin1");

/**
 * Seconds; `null` for a live stream, which has no length or one of 0; undefined when the bytes are
 * no FLV. `onMetaData`, where the length stands, is the first tag of every writer in use.
 */
export function flvDurationSeconds(head: Buffer): number | null | undefined {
  if (!head.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const at = head.indexOf(DURATION);
  if (at < 0 || head.length < at + DURATION.length + 8) return null;
  const seconds = head.readDoubleBE(at + DURATION.length);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}
