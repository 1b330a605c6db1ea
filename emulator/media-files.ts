/** The bundled media, which play without a network: `GET /media/clip.mp4`. */
import { readFileSync } from "node:fs";

const TYPES: Readonly<Record<string, string>> = {
  "clip.mp4": "video/mp4",
  "small.mov": "video/quicktime",
  "small.flv": "video/x-flv",
  "small.m3u8": "application/vnd.apple.mpegurl",
  "small-0.m2ts": "video/mp2t",
  "small-1.m2ts": "video/mp2t",
  "tone.m4a": "audio/mp4",
  "tone.mp3": "audio/mpeg",
  "uhd.mp4": "video/mp4",
  "60fps.mp4": "video/mp4",
  "h265.mp4": "video/mp4",
};

const loaded = new Map<string, Buffer>();

export function mediaFile(name: string): { bytes: Buffer; type: string } | undefined {
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) return undefined;
  const bytes = loaded.get(name) ?? readFileSync(new URL(`./media/${name}`, import.meta.url));
  loaded.set(name, bytes);
  return { bytes, type };
}
