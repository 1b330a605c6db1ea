/**
 * The key in a COS event. Some sources percent-encode it and others do not. No page documents this.
 * Public receivers decode it. We do the same, unless the address shows that the key is not encoded.
 * A `+` is a plus.
 */
export function decodedCosKey(key: string | undefined, url: unknown): string | undefined {
  if (key === undefined || !key.includes("%")) return key;
  const decoded = decodedOnce(key);
  // `50%.mp4` is not a valid encoding.
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
