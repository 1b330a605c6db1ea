/**
 * HLS playlists, as far as opening one needs them. A playlist is read line by line and never held
 * whole. No line costs more than its length: a hostile server can send millions of lines. Source:
 * RFC 8216, section 4.3; EXT-X-GAP from draft-pantos-hls-rfc8216bis.
 */
import { SourceError } from "../media.js";
import { LINE_LETTERS_MAX } from "./lines.js";
import type { Playlist, Variant } from "./playlist-types.js";
import { segmentReader } from "./segments.js";

/** The largest playlists in use have some dozens. */
const VARIANTS_MAX = 500;

/** Throws a SourceError for an empty playlist, or for text that is not a playlist. */
export async function parsePlaylist(
  batches: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
): Promise<Playlist> {
  const variants = variantReader();
  const segments = segmentReader();
  for await (const lines of batches) {
    for (const line of lines) {
      if (isTooLong(line)) throw new SourceError("unsupported", TOO_LONG);
      variants.note(line);
      segments.note(line);
    }
  }
  return variants.isMaster() ? variants.end() : segments.end();
}

const TOO_LONG = `A line of the playlist has more than ${LINE_LETTERS_MAX} letters.`;

/** A comment or an unknown tag may have any length. */
const isTooLong = (line: string): boolean =>
  line.length > LINE_LETTERS_MAX &&
  (!line.startsWith("#") || /^#(EXTINF|EXT-X-(STREAM-INF|MEDIA|KEY|MAP|DEFINE)):/.test(line));

interface Sound {
  /** Undefined: the variant contains the sound. */
  uri: string | undefined;
  isDefault: boolean;
}

interface VariantReader {
  note: (line: string) => void;
  isMaster: () => boolean;
  end: () => Playlist;
}

function variantReader(): VariantReader {
  const sounds = new Map<string, Sound>();
  const listed: { attributes: Map<string, string>; uri: string }[] = [];
  let isMaster = false;
  let waiting: Map<string, string> | undefined;

  return {
    note(line) {
      if (line.startsWith("#EXT-X-STREAM-INF:")) {
        isMaster = true;
        waiting = attributesOf(line);
      } else if (line.startsWith("#EXT-X-MEDIA:")) {
        noteSound(attributesOf(line));
      } else if (waiting && line !== "" && !line.startsWith("#")) {
        if (listed.length === VARIANTS_MAX) {
          const message = `The playlist has more than ${VARIANTS_MAX} variants.`;
          throw new SourceError("unsupported", message);
        }
        listed.push({ attributes: waiting, uri: line });
        waiting = undefined;
      }
    },
    isMaster: () => isMaster,
    end: () => ({
      kind: "variants",
      variants: listed.map(({ attributes, uri }) => variantOf(attributes, { uri, sounds })),
    }),
  };

  /** The default of a group, otherwise its first. */
  function noteSound(media: Map<string, string>): void {
    if (media.get("TYPE") !== "AUDIO") return;
    const group = media.get("GROUP-ID") ?? "";
    const isDefault = media.get("DEFAULT") === "YES";
    const known = sounds.get(group);
    if (known && (known.isDefault || !isDefault)) return;
    if (!known && sounds.size === VARIANTS_MAX) return;
    sounds.set(group, { uri: media.get("URI"), isDefault });
  }
}

function variantOf(
  attributes: Map<string, string>,
  { uri, sounds }: { uri: string; sounds: Map<string, Sound> },
): Variant {
  const [, width, height] = /^(\d{1,9})x(\d{1,9})$/i.exec(attributes.get("RESOLUTION") ?? "") ?? [];
  return {
    uri,
    bitsPerSecond: numberOf(attributes.get("BANDWIDTH")) ?? 0,
    codecs: (attributes.get("CODECS") ?? "").split(",").flatMap((codec) => codec.trim() || []),
    width: numberOf(width),
    height: numberOf(height),
    frameRate: numberOf(attributes.get("FRAME-RATE")),
    audioUri: sounds.get(attributes.get("AUDIO") ?? "")?.uri,
  };
}

/**
 * By hand and not by a pattern. A pattern for a name before `=` starts again at every letter of a
 * name without one. That took 18 s for 150,000 letters.
 */
function attributesOf(line: string): Map<string, string> {
  const attributes = new Map<string, string>();
  let at = line.indexOf(":") + 1;
  while (at < line.length) {
    const equals = line.indexOf("=", at);
    if (equals < 0) break;
    const name = line.slice(at, equals).trim();
    const isQuoted = line[equals + 1] === '"';
    const start = isQuoted ? equals + 2 : equals + 1;
    const end = endOf(line, isQuoted ? '"' : ",", start);
    attributes.set(name, line.slice(start, end));
    at = endOf(line, ",", end) + 1;
  }
  return attributes;
}

function endOf(line: string, mark: string, from: number): number {
  const end = line.indexOf(mark, from);
  return end < 0 ? line.length : end;
}

function numberOf(text: string | undefined): number | null {
  const value = Number(text || NaN);
  return Number.isFinite(value) ? value : null;
}
