/**
 * HLS, with an end and without. Of a playlist of variants the best is played that TRTC takes, by
 * what the playlist says of them; whether it says the truth, its segments show.
 */
import { type Media, SourceError, type Track } from "../media.js";
import { isTooLarge } from "../playable.js";
import { type ByteReader, byteReader } from "./byte-reader.js";
import { readSegments } from "./file.js";
import type { Budget } from "./budget.js";
import { parsePlaylist, type Playlist, type Variant } from "./playlist.js";

/** After a byte order mark, which editors put before it. */
export const isPlaylist = (head: Buffer): boolean => /^\uFEFF?#EXTM3U\b/.test(head.toString());

interface Found {
  /** Where it was at last, after redirects: addresses in it start from there. */
  url: string;
  bytes: ByteReader;
}

interface Reading {
  budget: Budget;
  fetch: typeof fetch;
}

export async function readHls(found: Found, reading: Reading): Promise<Media> {
  const playlist = await parse(found);
  if (playlist.kind === "segments") return mediaOf(found.url, playlist, reading);
  const { uri, audioUri } = chosen(playlist.variants);
  const media = await open(addressOf(uri, found.url), reading);
  if (audioUri === undefined) return media;
  const sound = await open(addressOf(audioUri, found.url), reading);
  const only = (type: Track["type"], { tracks }: Media) => tracks.filter((t) => t.type === type);
  return { ...media, tracks: [...only("video", media), ...only("audio", sound)] };
}

const parse = async ({ bytes }: Found): Promise<Playlist> =>
  parsePlaylist((await bytes.peek(Infinity)).toString().replace(/^\uFEFF/, ""));

async function open(address: string, reading: Reading): Promise<Media> {
  const { url, body } = await reading.fetch(address);
  const bytes = byteReader(body ?? []);
  if (!isPlaylist(await bytes.peek(16))) {
    await bytes.close();
    throw new SourceError("unsupported", "What the playlist leads to is no playlist.");
  }
  const playlist = await parse({ url, bytes });
  if (playlist.kind === "segments") return mediaOf(url, playlist, reading);
  throw new SourceError("unsupported", "The playlist leads to another playlist of variants.");
}

async function mediaOf(
  url: string,
  { durationSeconds, head }: Playlist & { kind: "segments" },
  { budget, fetch }: Reading,
): Promise<Media> {
  if (durationSeconds === 0) throw new SourceError("unsupported", "The playlist is empty.");
  const withHead: typeof fetch = (input, init) =>
    input === url ? Promise.resolve(new Response(head)) : fetch(input, init);
  const tracks = await readSegments(url, { budget, fetch: withHead });
  return { container: "hls", durationSeconds, tracks };
}

/** The best that fits; if none seems to, the smallest, and what is in it decides. */
function chosen(variants: readonly Variant[]): Variant {
  const byQuality = [...variants].sort((one, other) => other.bitsPerSecond - one.bitsPerSecond);
  const found = byQuality.find((each) => !isTooLarge(each) && isKnown(each)) ?? byQuality.at(-1);
  if (found) return found;
  throw new SourceError("unsupported", "The playlist has no variant.");
}

/** Codecs by RFC 6381; a variant that names none may have any. */
const isKnown = ({ codecs }: Variant): boolean =>
  codecs.every((codec) => /^(avc[13]|vp0?8|mp4a|opus)\b/i.test(codec));

function addressOf(uri: string, base: string): string {
  if (!URL.canParse(uri, base)) {
    throw new SourceError("unsupported", "The playlist leads to something that is no address.");
  }
  return new URL(uri, base).href;
}
