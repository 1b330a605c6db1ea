/**
 * A key of COS as its event has it: percent-encoded from some sources, as it is from others, and no
 * page says which. Public receivers decode it, and so does this, unless the address beside it shows
 * that the key stands there as it is. A `+` is a plus.
 */
export function decodedCosKey(key: string | undefined, url: unknown): string | undefined {
  if (key === undefined || !key.includes("%")) return key;
  const decoded = decodedOnce(key);
  // `50%.mp4` is no encoding of anything.
  if (decoded === undefined) return key;
  const path = /^https?:\/\/[^/]+\/([^?#]*)/.exec(typeof url === "string" ? url : "")?.[1] ?? "";
  return path !== key && decodedOnce(path) === key ? key : decoded;
}

function decodedOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
