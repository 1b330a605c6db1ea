/**
 * The media that TRTC and our reader fetch. A URL says in its own text how long its medium lasts and
 * when its source is down, so a trace explains itself:
 * `https://sick.example/30/40-55/s1.flv` lasts thirty seconds, and is down from the 40th to the 55th
 * second of the run.
 */
import { SECOND_MS } from "../../../shared/clock.js";
import type { Media } from "../../../shared/media/media.js";
import type { SourceVerdict } from "../../../shared/media/reader.js";

/** `https://media.example/30/…` lasts thirty seconds; `/live/` has no end. */
export const streamUrl = (seconds: number | null, name: string): string =>
  `https://media.example/${seconds ?? "live"}/${name}.flv`;

/** Seconds of the run, both of them whole. */
export interface Outage {
  from: number;
  to: number;
}

/** The same source, and nobody reaches it during these times. */
export const sickUrl = (url: string, outages: readonly Outage[]): string => {
  const text = outages.map(({ from, to }) => `${from}-${to}`).join("_");
  return url.replace(/media\.example\/(\w+)\//, `sick.example/$1/${text}/`);
};

export function outagesOf(url: string): Outage[] {
  const [, text = ""] = /^https:\/\/sick\.example\/\w+\/([\d_-]+)\//.exec(url) ?? [];
  return [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => ({
    from: Number(from),
    to: Number(to),
  }));
}

/** `ms` counts from the start of the run. */
export const isDown = (url: string, ms: number): boolean =>
  outagesOf(url).some(({ from, to }) => from * SECOND_MS <= ms && ms < to * SECOND_MS);

const secondsOf = (url: string): number | null => {
  const [, length] = /^https:\/\/\w+\.example\/(\d+)\//.exec(url) ?? [];
  return length === undefined ? null : Number(length);
};

/** The picture of a `wide` source is wider than that of any other. */
export const mediaAt = (url: string): Media => ({
  container: "flv",
  durationSeconds: secondsOf(url),
  tracks: [{ ...PICTURE, width: url.includes("/wide") ? 960 : 640 }],
});

const PICTURE = { type: "video", codec: "h264", height: 480, frameRate: 25 } as const;

const HEALTHY = /^https:\/\/(media|sick)\./;

/** What our own reader finds at `ms` of the run. */
export function readAt(url: string, ms: number): SourceVerdict {
  if (!HEALTHY.test(url) || isDown(url, ms)) {
    return { outcome: "unreachable", media: null, message: "There is nothing." };
  }
  const { durationSeconds } = mediaAt(url);
  const media = { Audio: null, Video: null, Container: "flv", DurationSeconds: durationSeconds };
  return { outcome: "ok", media };
}
