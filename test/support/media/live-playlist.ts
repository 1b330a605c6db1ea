/** A live HLS stream: a playlist without an end and with a moving window of three segments. */
import { sample } from "./media.js";
import { startMediaServer } from "./media-server.js";

export interface LivePlaylist {
  url: string;
  /** Moves on by this many segments. The oldest leave the playlist and are gone. */
  advance: (segments: number) => void;
  close: () => Promise<void>;
}

const WINDOW = 3;

export async function startLivePlaylist(): Promise<LivePlaylist> {
  const server = await startMediaServer();
  const segment = sample("small-0.m2ts");
  let first = 0;
  const names = () => Array.from({ length: WINDOW }, (_, n) => `segment-${first + n}.m2ts`);
  const put = () => {
    for (const name of names()) server.put(`/${name}`, segment);
  };
  put();
  server.put("/live.m3u8", (_request, response) => {
    const head = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", `#EXT-X-MEDIA-SEQUENCE:${first}`];
    const lines = names().flatMap((name) => ["#EXTINF:2,", name]);
    response.end([...head, ...lines, ""].join("\n"));
  });
  return {
    url: server.urlOf("/live.m3u8"),
    advance(segments) {
      for (let n = 0; n < segments; n += 1) {
        server.remove(`/segment-${first}.m2ts`);
        first += 1;
        put();
      }
    },
    close: server.close,
  };
}
