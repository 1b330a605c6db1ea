/**
 * The picture of one robot. It opens the task's source, directly or through the emulator. It keeps
 * the position in step, and tries again after a failure.
 */
import type { RobotView } from "../../view.js";
import { elapsedMs } from "../clock.js";
import { behindSeconds, correctionOf, type Head } from "./follow.js";
import { type Close, PLAYERS } from "./players.js";

/** A seek takes a moment, longer on a slow line. Seeking again earlier would never finish. */
const SEEK_REST_MS = 1000;

const RETRY_MS = 4000;

/** A still picture needs no more precision than a frame. */
const STILL_SECONDS = 0.04;

export interface Screen {
  video: HTMLVideoElement;
  /** Moves the picture to the task's position. `undefined`: plays nothing. */
  show: (robot: RobotView | undefined, head: Head) => void;
  /** Whether the last way to play it failed too. */
  isBroken: () => boolean;
}

export function makeScreen(video: HTMLVideoElement): Screen {
  let opened: { key: string; close: Promise<Close> } | undefined;
  /** One player per element: the next one begins after the last one has closed. */
  let closed: Promise<void> = Promise.resolve();
  let way = 0;
  let failedAtMs: number | undefined;
  let seekedAtMs = -SEEK_REST_MS;

  function close(): void {
    if (opened) closed = opened.close.then((closeNow) => closeNow());
    opened = undefined;
  }

  function open({ media, durationSeconds }: RobotView, key: string): void {
    if (!media || media.format === "none") return;
    const ways = [media.streamUrl, media.relayUrl];
    let isOver = false;
    const onFailure = (): void => {
      if (isOver) return;
      isOver = true;
      close();
      way += 1;
      if (way >= ways.length) failedAtMs = elapsedMs();
    };
    const url = ways[way] ?? media.relayUrl;
    const player = PLAYERS[media.format];
    const live = durationSeconds === null;
    const closing = closed.then(() => player(video, { url, live, onFailure }));
    opened = { key, close: closing.catch(() => () => undefined) };
    closing.catch(onFailure);
  }

  function follow(robot: RobotView, { positionSeconds }: Head): void {
    const { durationSeconds, tempo } = robot;
    const isPaused = robot.state === "paused";
    if (isPaused && !video.paused) video.pause();
    if (!isPaused && video.paused) void video.play().catch(() => undefined);
    // A file repeats in the player itself. A live stream has no fixed position.
    video.loop = durationSeconds !== null;
    video.playbackRate = tempo;
    if (durationSeconds === null || video.readyState === 0 || video.seeking) return;
    const isRested = elapsedMs() - seekedAtMs > SEEK_REST_MS;
    const target = { positionSeconds, durationSeconds, tempo };
    const { seekTo, playbackRate } = correctionOf(video.currentTime, target);
    video.playbackRate = playbackRate;
    const behind = behindSeconds(video.currentTime, positionSeconds, durationSeconds);
    const isOff = isPaused ? Math.abs(behind) > STILL_SECONDS : seekTo !== undefined;
    if (!isOff || !isRested || !canSeek(video, robot, positionSeconds)) return;
    seekedAtMs = elapsedMs();
    video.currentTime = Math.min(positionSeconds, video.duration || positionSeconds);
  }

  return {
    video,
    isBroken: () => failedAtMs !== undefined,
    show(robot, head) {
      const isShown = robot?.state === "playing" || robot?.state === "paused";
      const key = isShown && robot.media ? `${robot.taskId} ${robot.media.streamUrl}` : "";
      if (opened && opened.key !== key) {
        close();
        [way, failedAtMs] = [0, undefined];
      }
      if (!isShown || !robot.media) return;
      if (failedAtMs !== undefined && elapsedMs() - failedAtMs > RETRY_MS) {
        [way, failedAtMs] = [0, undefined];
      }
      if (!opened && failedAtMs === undefined) open(robot, key);
      if (opened) follow(robot, head);
    },
  };
}

/** MPEG-TS has no index, so a player cannot seek to data that is not loaded yet. */
function canSeek(video: HTMLVideoElement, { media }: RobotView, seconds: number): boolean {
  if (media?.format !== "mpegts") return true;
  const { buffered } = video;
  return Array.from({ length: buffered.length }).some(
    (_, at) => buffered.start(at) <= seconds && seconds < buffered.end(at),
  );
}
