/**
 * HLS, with an end and without. Of several variants the best one that TRTC accepts is played. The
 * playlist names its format and the segments confirm it. If a variant is missing, the next is
 * tried: many playlists name each variant once per server.
 */
import { SECOND_MS } from "../../clock.js";
import { type Media, SourceError, type Track } from "../media.js";
import { isTooLarge } from "../playable.js";
import { type ByteReader, byteReader } from "../byte-reader.js";
import { fetchWithin } from "../http/fetch-within.js";
import { readSegments } from "../file.js";
import type { Budget } from "../budget.js";
import { linesOf } from "./lines.js";
import { parsePlaylist } from "./playlist.js";
import type { Playlist, Variant } from "./playlist-types.js";

/** A byte order mark may come first: some editors add one. */
export const isPlaylist = (head: Buffer): boolean => /^\uFEFF?#EXTM3U\b/.test(head.toString());

/** The number of variants that are tried in turn. */
const TRIES_MAX = 4;

/** A missing server could otherwise take the whole visit's time. */
const ANSWER_LIMIT_MS = 2 * SECOND_MS;

interface PlaylistSource {
  /** The final address after redirects. Relative addresses start from there. */
  url: string;
  bytes: ByteReader;
}

interface Reading {
  budget: Budget;
  fetch: typeof fetch;
}

export async function readHls(source: PlaylistSource, reading: Reading): Promise<Media> {
  const playlist = await parse(source);
  if (playlist.kind === "segments") return mediaOf(source.url, playlist, reading);
  const variants = candidates(playlist.variants);
  const tries = variants.map((variant, at) => (): Promise<Media> => {
    const isLast = at === variants.length - 1;
    return readVariant(variant, { base: source.url, reading, isLast });
  });
  return firstThere(tries, reading.budget);
}

const parse = ({ bytes }: PlaylistSource): Promise<Playlist> =>
  parsePlaylist(linesOf(bytes.rest()));

async function readVariant(
  { uri, audioUri }: Variant,
  { base, reading, isLast }: { base: string; reading: Reading; isLast: boolean },
): Promise<Media> {
  const media = await open(addressOf(uri, base), reading, isLast);
  if (audioUri === undefined) return media;
  const sound = await open(addressOf(audioUri, base), reading, isLast);
  const only = (type: Track["type"], { tracks }: Media) => tracks.filter((t) => t.type === type);
  return { ...media, tracks: [...only("video", media), ...only("audio", sound)] };
}

/** The result of the first variant that exists. The earlier ones were unreachable. */
async function firstThere<T>(tries: readonly (() => Promise<T>)[], budget: Budget): Promise<T> {
  for (const [at, attempt] of tries.entries()) {
    try {
      return await attempt();
    } catch (error) {
      const isMissing = error instanceof SourceError && error.reason === "unreachable";
      if (!isMissing || budget.signal.aborted || at === tries.length - 1) throw error;
      budget.forgetFailure();
    }
  }
  throw new SourceError("unsupported", "The playlist has no variant.");
}

async function open(address: string, reading: Reading, isLast: boolean): Promise<Media> {
  const { url, body } = await answerOf(address, reading, isLast);
  const bytes = byteReader(body ?? []);
  if (!isPlaylist(await bytes.peek(16))) {
    await bytes.close();
    throw new SourceError("unsupported", "The playlist leads to something that is not a playlist.");
  }
  const playlist = await parse({ url, bytes });
  if (playlist.kind === "segments") return mediaOf(url, playlist, reading);
  throw new SourceError("unsupported", "The playlist leads to another playlist of variants.");
}

/** The wait is shorter while another variant remains. */
const answerOf = (address: string, { fetch }: Reading, isLast: boolean): Promise<Response> =>
  isLast ? fetch(address) : fetchWithin(fetch, address, { limitMs: ANSWER_LIMIT_MS });

async function mediaOf(
  url: string,
  { durationSeconds, heads }: Playlist & { kind: "segments" },
  { budget, fetch }: Reading,
): Promise<Media> {
  if (durationSeconds === 0) throw new SourceError("unsupported", "The playlist is empty.");
  const tries = heads.map((head) => (): Promise<readonly Track[]> => {
    const withHead: typeof fetch = (input, init) =>
      input === url ? Promise.resolve(new Response(head)) : fetch(input, init);
    return readSegments(url, { budget, fetch: withHead });
  });
  return { container: "hls", durationSeconds, tracks: await firstThere(tries, budget) };
}

/**
 * Variants that TRTC accepts, best first. If none seems to fit, the smallest: its content decides.
 */
function candidates(variants: readonly Variant[]): readonly Variant[] {
  const byQuality = [...variants].sort((one, other) => other.bitsPerSecond - one.bitsPerSecond);
  const fitting = byQuality.filter((variant) => !isTooLarge(variant) && isKnown(variant));
  const smallest = byQuality.at(-1)?.bitsPerSecond;
  const others = byQuality.filter((variant) => variant.bitsPerSecond === smallest);
  return (fitting.length > 0 ? fitting : others).slice(0, TRIES_MAX);
}

/** Codecs by RFC 6381. A variant without codecs may have any. Subtitles are not played. */
const isKnown = ({ codecs }: Variant): boolean =>
  codecs.every((codec) => /^(avc[13]|vp0?8|mp4a|opus|wvtt|stpp|tx3g|c608|c708)\b/i.test(codec));

function addressOf(uri: string, base: string): string {
  if (!URL.canParse(uri, base)) {
    throw new SourceError("unsupported", "The playlist leads to something that is not an address.");
  }
  return new URL(uri, base).href;
}
