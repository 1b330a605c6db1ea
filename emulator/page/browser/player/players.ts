/** The players. Each opens one address in a video element and reports a failure. */
import type { Format } from "../../view.js";

export interface Opening {
  url: string;
  live: boolean;
  /** Called when the address cannot be played, or no longer. The caller may try again. */
  onFailure: () => void;
}

/** Releases the video element. */
export type Close = () => void;

export type Open = (video: HTMLVideoElement, opening: Opening) => Promise<Close>;

export const PLAYERS: Readonly<Record<Exclude<Format, "none">, Open>> = {
  native: openNative,
  hls: openHls,
  flv: openMpegts("flv"),
  mpegts: openMpegts("mpegts"),
};

function openNative(video: HTMLVideoElement, { url, onFailure }: Opening): Promise<Close> {
  video.addEventListener("error", onFailure);
  video.src = url;
  return Promise.resolve(() => {
    video.removeEventListener("error", onFailure);
    video.removeAttribute("src");
    video.load();
  });
}

/** hls.js where it works. Safari on a phone has no Media Source Extensions and plays HLS itself. */
async function openHls(video: HTMLVideoElement, opening: Opening): Promise<Close> {
  const { default: Hls } = await import("hls.js");
  if (!Hls.isSupported()) return openNative(video, opening);
  // Its worker comes from a blob, which the page's policy forbids. One room needs no worker.
  const player = new Hls({ enableWorker: false });
  let isRecovered = false;
  player.on(Hls.Events.ERROR, (_event, { fatal, type }) => {
    if (!fatal) return;
    if (type !== Hls.ErrorTypes.MEDIA_ERROR || isRecovered) opening.onFailure();
    else player.recoverMediaError();
    isRecovered = true;
  });
  player.loadSource(opening.url);
  player.attachMedia(video);
  return () => player.destroy();
}

function openMpegts(type: "flv" | "mpegts"): Open {
  return async (video, { url, live, onFailure }) => {
    const { default: mpegts } = await import("mpegts.js");
    if (!mpegts.isSupported()) {
      onFailure();
      return () => undefined;
    }
    mpegts.LoggingControl.enableAll = false;
    const source = { type, isLive: live, cors: true, url: new URL(url, location.href).href };
    const player = mpegts.createPlayer(source, {
      enableWorker: false,
      lazyLoad: false,
      liveBufferLatencyChasing: live,
    });
    player.on(mpegts.Events.ERROR, onFailure);
    player.attachMediaElement(video);
    player.load();
    return () => player.destroy();
  };
}
