/** The browser's rights for the pages and their data: they run their own script and play media. */

const COMMON = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const policy = (directives: Record<string, string>): string =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");

/**
 * Only media may come from elsewhere. hls.js and mpegts.js fetch it, so `connect-src` counts as
 * media.
 */
const PAGE_POLICY = policy({
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self'",
  "media-src": "'self' blob: http: https:",
  "connect-src": "'self' http: https:",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
});

export const PAGE_HEADERS = {
  ...COMMON,
  "content-security-policy": PAGE_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
};

/** Bytes of a foreign server must never act as a page here. */
export const MEDIA_HEADERS = {
  ...COMMON,
  "content-security-policy": "default-src 'none'; sandbox",
};
