/**
 * Chooses the player for a StreamUrl: by the detected container, or by the URL's name before that.
 */
import { isRtmp } from "../source/stream-url.js";
import type { Format } from "./view.js";

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  m3u8: "hls",
  m3u: "hls",
  flv: "flv",
  ts: "mpegts",
  m2ts: "mpegts",
};

/** The probe's names of containers. The browser tries all others itself. */
const BY_CONTAINER: readonly (readonly [RegExp, Format])[] = [
  [/hls|m3u8|mpegurl/i, "hls"],
  [/flv/i, "flv"],
  [/mpeg-?_?ts|mp2t/i, "mpegts"],
];

export function formatOf(streamUrl: string, container?: string): Format {
  if (isRtmp(streamUrl)) return "none";
  if (container !== undefined) {
    return BY_CONTAINER.find(([name]) => name.test(container))?.[1] ?? "native";
  }
  const path = URL.canParse(streamUrl) ? new URL(streamUrl).pathname : "";
  const extension = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return (Object.hasOwn(BY_EXTENSION, extension) && BY_EXTENSION[extension]) || "native";
}

/** An address of up to this many characters fits into two lines of a phone. */
const SHORT_CHARACTERS = 72;

/** Also without its scheme. Of a long one the beginning and the end, which has the file's name. */
export function shortUrl(streamUrl: string): string {
  const characters = Array.from(shownUrl(streamUrl).replace(/^\w+:\/\//, ""));
  if (characters.length <= SHORT_CHARACTERS) return characters.join("");
  const half = SHORT_CHARACTERS / 2;
  return [...characters.slice(0, half), "…", ...characters.slice(1 - half)].join("");
}

/** Without the query, which often carries a token, and without user name and password. */
export function shownUrl(streamUrl: string): string {
  const [shown = ""] = streamUrl.split(/[?#]/, 1);
  return shown.replace(/^(\w+:\/\/)[^/]*@/, "$1");
}
