/**
 * What a page's picture is at this moment. Expressions, and not functions, are what runs in the
 * browser: its names are none of Node.js, and would have no types here.
 */
import type { Page } from "playwright-core";

export interface Video {
  currentTime: number;
  paused: boolean;
  /** On its way to another place, whose picture is not there yet. */
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

/** A number made of all pixels, which another picture hardly has as well. */
export const pixels = (page: Page): Promise<number> =>
  page.evaluate<number>(`(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
    const context = canvas.getContext("2d");
    context.drawImage(${video(0)}, 0, 0, 160, 90);
    const { data } = context.getImageData(0, 0, 160, 90);
    return data.reduce((sum, value, at) => (sum * 31 + value * (at + 1)) % 1000003, 0);
  })()`);

/** Everything that the page has fetched. */
export const addressesOf = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`performance.getEntriesByType("resource").map(({ name }) => name)`);
