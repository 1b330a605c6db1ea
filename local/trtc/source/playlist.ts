/**
 * HLS playlists, as far as opening one needs them.
 * Source: RFC 8216, section 4.3.
 */
import { SourceError } from "../media.js";

export interface Variant {
  uri: string;
  bitsPerSecond: number;
  codecs: readonly string[];
  width: number | null;
  height: number | null;
  frameRate: number | null;
  /** A playlist of its own for the sound; undefined where the sound is beside the picture. */
  audioUri: string | undefined;
}

export type Playlist =
  | { kind: "variants"; variants: readonly Variant[] }
  | {
      kind: "segments";
      /** Of all segments together; `null`: more are still to come. */
      durationSeconds: number | null;
      /** The playlist as if it ended after its first segments: what is read of a long or live one. */
      head: string;
    };

const SEGMENTS_READ = 3;

/** Throws a SourceError when it is no playlist, or an empty one. */
export function parsePlaylist(text: string): Playlist {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const isMaster = lines.some((line) => line.startsWith("#EXT-X-STREAM-INF:"));
  return isMaster ? parseVariants(lines) : parseSegments(lines);
}

function parseVariants(lines: string[]): Playlist {
  const sounds = new Map<string, string>();
  for (const line of lines) {
    const media = attributesOf(line, "#EXT-X-MEDIA:");
    if (media?.["TYPE"] !== "AUDIO" || media["URI"] === undefined) continue;
    const group = media["GROUP-ID"] ?? "";
    if (media["DEFAULT"] === "YES" || !sounds.has(group)) sounds.set(group, media["URI"]);
  }
  const variants = lines.flatMap((line, at): Variant[] => {
    const stream = attributesOf(line, "#EXT-X-STREAM-INF:");
    const uri = lines.slice(at + 1, at + 3).find((each) => each !== "" && !each.startsWith("#"));
    if (!stream || uri === undefined) return [];
    const [, width, height] = /^(\d+)x(\d+)$/i.exec(stream["RESOLUTION"] ?? "") ?? [];
    return [
      {
        uri,
        bitsPerSecond: numberOf(stream["BANDWIDTH"]) ?? 0,
        codecs: (stream["CODECS"] ?? "").split(",").flatMap((each) => each.trim() || []),
        width: numberOf(width),
        height: numberOf(height),
        frameRate: numberOf(stream["FRAME-RATE"]),
        audioUri: sounds.get(stream["AUDIO"] ?? ""),
      },
    ];
  });
  return { kind: "variants", variants };
}

function parseSegments(lines: string[]): Playlist {
  let totalSeconds = 0;
  let segments = 0;
  let headLines = lines.length;
  for (const [at, line] of lines.entries()) {
    if (line.startsWith("#EXTINF:")) totalSeconds += secondsOf(line);
    else if (line !== "" && !line.startsWith("#")) {
      segments += 1;
      if (segments === SEGMENTS_READ) headLines = at + 1;
    }
  }
  if (segments === 0) throw new SourceError("unsupported", "The playlist has no segments.");
  const isEnded = lines.some((line) => /^#EXT-X-(ENDLIST|PLAYLIST-TYPE:VOD)$/i.test(line));
  return {
    kind: "segments",
    durationSeconds: isEnded ? totalSeconds : null,
    head: [...lines.slice(0, headLines), "#EXT-X-ENDLIST", ""].join("\n"),
  };
}

function secondsOf(line: string): number {
  const seconds = parseFloat(line.slice("#EXTINF:".length));
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new SourceError("unsupported", "A segment of the playlist has no length.");
}

/** Undefined for any other line. */
function attributesOf(line: string, tag: string): Record<string, string> | undefined {
  if (!line.startsWith(tag)) return undefined;
  const pairs = line.slice(tag.length).matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g);
  const attributes: Record<string, string> = {};
  for (const [, name = "", quoted, bare] of pairs) attributes[name] = quoted ?? bare ?? "";
  return attributes;
}

function numberOf(text: string | undefined): number | null {
  const value = Number(text || NaN);
  return Number.isFinite(value) ? value : null;
}
