/** The parts of an HLS playlist that opening it needs. */
export interface Variant {
  uri: string;
  bitsPerSecond: number;
  codecs: readonly string[];
  width: number | null;
  height: number | null;
  frameRate: number | null;
  /** The sound's own playlist. Undefined when the variant contains the sound. */
  audioUri: string | undefined;
}

export type Playlist =
  | { kind: "variants"; variants: readonly Variant[] }
  | {
      kind: "segments";
      /** Of all segments together. `null`: more segments will come. */
      durationSeconds: number | null;
      /**
       * Short playlists of a few segments, to be tried in this order. With an end, these are the
       * first segments. A live one has those near the live edge, since the oldest may be gone
       * already.
       */
      heads: readonly string[];
    };
