/** What an HLS playlist says, as far as opening one needs it. */
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
      /**
       * Short playlists of a few segments, to be tried in this order. With an end, these are the
       * first segments. A live one has those near the live edge, since the oldest may be gone
       * already.
       */
      heads: readonly string[];
    };
