/**
 * A page's current picture. The code is in expressions, because it runs in the browser: browser
 * names have no types here.
 */
import type { Page } from "playwright-core";

export interface Video {
  currentTime: number;
  paused: boolean;
  /** It is seeking, and the new picture is not there yet. */
  seeking: boolean;
  muted: boolean;
  /** 0 to 100. */
  volume: number;
  playbackRate: number;
}

const video = (nth: number): string => `document.querySelectorAll("video")[${nth}]`;

export const videoOf = (page: Page, nth = 0): Promise<Video> =>
  page.evaluate<Video>(
    `(({ currentTime, paused, seeking, muted, volume, playbackRate }) =>
      ({ currentTime, paused, seeking, muted, playbackRate, volume: Math.round(volume * 100) }))(${video(nth)})`,
  );

/** Whether frames were decoded and shown. */
export const hasPicture = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>(
    `${video(0)}?.videoWidth > 0 && ${video(0)}.getVideoPlaybackQuality().totalVideoFrames > 2`,
  );

/** A checksum of all pixels. Another picture almost never has the same. */
export const pixels = (page: Page): Promise<number> =>
  page.evaluate<number>(`(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
    const context = canvas.getContext("2d");
    context.drawImage(${video(0)}, 0, 0, 160, 90);
    const { data } = context.getImageData(0, 0, 160, 90);
    return data.reduce((sum, value, at) => (sum * 31 + value * (at + 1)) % 1000003, 0);
  })()`);

/** All addresses that the page has fetched. */
export const addressesOf = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`performance.getEntriesByType("resource").map(({ name }) => name)`);
