/** A room in headless Chromium: the viewer sees what the robot plays. */
import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { MpegTsOutputFormat } from "mediabunny";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Emulator } from "../../../emulator/server.js";
import { type Clock, systemClock } from "../../../shared/clock.js";
import { addressesOf, hasPicture, pixels, videoOf } from "../../support/media/picture.js";
import {
  describeInBrowser,
  type Opened,
  openPage,
  startBrowser,
} from "../../support/app/browser.js";
import {
  CN_APP,
  cnSdk,
  type Fields,
  startFields,
  startTestEmulator,
} from "../../support/http/emulator-client.js";
import { flvClip, tagBytes } from "../../support/media/flv-clip.js";
import { CLIP, remux } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import { nextRoom } from "../../support/app/rooms.js";

let browser: Browser;
let emulator: Emulator;
let media: MediaServer;
let aheadMs = 0;
/** The machine's time plus the test's moves. */
const clock: Clock = {
  ...systemClock,
  now: () => new Date(systemClock.now().getTime() + aheadMs),
};
const start = (port = 0) => startTestEmulator({ clock, port, switches: { callsPerSecond: 1000 } });

const send = (action: string, fields: Fields) =>
  cnSdk(emulator)(action, { SdkAppId: CN_APP, ...fields });

/** A new room with a robot that loops the clip. */
async function play(fields: Fields = {}): Promise<{ roomId: string; taskId: string }> {
  const { RoomId: roomId = nextRoom() } = fields;
  const all = startFields(CN_APP, {
    RoomId: roomId,
    StreamUrl: `${emulator.url}/media/clip.mp4`,
    RepeatNum: -1,
    MaxDuration: 90,
    ...fields,
  });
  const { TaskId } = await send("StartStreamIngest", all);
  return { roomId: String(roomId), taskId: String(TaskId) };
}

const change = (taskId: string, fields: Fields) =>
  send("UpdateStreamIngest", { TaskId: taskId, ...fields });
const stop = (taskId: string) => send("StopStreamIngest", { TaskId: taskId });
const positionOf = (taskId: string): number =>
  emulator.tasks().find((task) => task.taskId === taskId)?.positionSeconds ?? -1;

const opened: Opened[] = [];
async function watch(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const seen = await openPage(browser, emulator.url + path, options);
  opened.push(seen);
  return seen.page;
}
const watchRoom = (roomId: string, options: BrowserContextOptions = {}) =>
  watch(`/rooms/0/${roomId}`, options);

const state = (page: Page, name: string, userId = "") =>
  page.locator(`.card[data-state=${name}]`, { hasText: userId }).waitFor();

/** The shorter way around the clip's four seconds. */
const apart = (one: number, other: number): number => {
  const distance = Math.abs(one - other) % 4;
  return Math.min(distance, 4 - distance);
};

async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await look()) return;
    await systemClock.sleep(100);
  }
  throw new Error(`It did not come to be: ${what}`);
}

const picture = (page: Page) => eventually("a picture", () => hasPicture(page));

/** Waits until the picture matches the task three times in a row. */
async function inStep(page: Page, taskId: string, nth = 0): Promise<void> {
  let times = 0;
  await eventually("the picture in step with its task", async () => {
    const isClose = apart((await videoOf(page, nth)).currentTime, positionOf(taskId)) < 0.4;
    times = isClose ? times + 1 : 0;
    return times === 3;
  });
}

const fact = (page: Page, name: string) =>
  page
    .locator(".facts div", { has: page.locator(`dt:text-is("${name}")`) })
    .locator("dd")
    .first();

describeInBrowser("a room one can watch", () => {
  beforeAll(async () => {
    [browser, emulator, media] = await Promise.all([startBrowser(), start(), startMediaServer()]);
  });
  afterAll(() => Promise.all([browser.close(), emulator.close(), media.close()]));
  afterEach(async () => {
    const complaints = opened.flatMap((each) => each.complaints);
    await Promise.all(opened.splice(0).map(({ page }) => page.context().close()));
    expect(complaints).toEqual([]);
  });

  test("the picture follows the task's position, also into the next loop", async () => {
    const { roomId, taskId } = await play();
    const page = await watchRoom(roomId);
    await picture(page);
    await inStep(page, taskId);
    const [frame, round] = [await pixels(page), await fact(page, "Round").textContent()];
    await eventually("another picture", async () => (await pixels(page)) !== frame);
    await eventually(
      "another round",
      async () => (await fact(page, "Round").textContent()) !== round,
    );
    await inStep(page, taskId);
    expect(await fact(page, "Round").textContent()).toMatch(/^\d+ of ∞$/);
    expect(await fact(page, "MaxDuration in").textContent()).toMatch(/^1:29:\d\d$/);
  });

  test("a stop makes the picture dark and shows why, and the next robot's picture replaces it", async () => {
    const { roomId, taskId } = await play({ UserId: "robot_first" });
    const page = await watchRoom(roomId);
    await picture(page);
    await stop(taskId);
    await state(page, "ended");
    await page.getByText("Stopped", { exact: true }).waitFor();
    expect(await page.locator("video").getAttribute("src")).toBeNull();
    await play({ RoomId: roomId, UserId: "robot_second" });
    await state(page, "playing", "robot_second");
    await picture(page);
    expect(await page.locator(".card").count()).toBe(1);
    expect(await page.locator(".earlier tbody tr").textContent()).toMatch(/^robot_first.*Stopped/);
  });

  test("a task that has played its rounds goes dark by itself", async () => {
    const { roomId } = await play({ RepeatNum: 1, SeekSecond: 2 });
    const page = await watchRoom(roomId);
    expect(await fact(page, "Round").textContent()).toBe("1 of 1");
    await page.getByText("Played to its end").waitFor();
  });

  test("a paused picture stands at the task's position, and continues with it", async () => {
    const { roomId, taskId } = await play();
    const page = await watchRoom(roomId);
    await picture(page);
    await change(taskId, { IsPause: true });
    await state(page, "paused");
    let [frame, looks] = [0, 0];
    await eventually("the picture where the task stands", async () => {
      const { currentTime, seeking } = await videoOf(page);
      const before = frame;
      frame = await pixels(page);
      const isThere = !seeking && apart(currentTime, positionOf(taskId)) < 0.05;
      looks = isThere && frame === before ? looks + 1 : 0;
      return looks === 5;
    });
    const at = (await videoOf(page)).currentTime;
    await systemClock.sleep(1000);
    expect([await pixels(page), (await videoOf(page)).currentTime]).toEqual([frame, at]);
    expect(apart(at, positionOf(taskId))).toBeLessThan(0.1);
    expect((await videoOf(page)).paused).toBe(true);
    await change(taskId, { IsPause: false });
    await eventually("another picture", async () => (await pixels(page)) !== frame);
    await inStep(page, taskId);
  });

  test("a moved clock, a seek and another tempo are followed", async () => {
    const { roomId, taskId } = await play({ SeekSecond: 2 });
    const page = await watchRoom(roomId);
    await picture(page);
    await inStep(page, taskId);
    aheadMs += 4000 * 1000 + 2000;
    await inStep(page, taskId);
    expect(await fact(page, "Round").textContent()).toMatch(/^100\d of ∞$/);
    await change(taskId, { Tempo: 1.5 });
    await eventually("a faster picture", async () => (await videoOf(page)).playbackRate > 1.4);
    await inStep(page, taskId);
    aheadMs += 90 * 60_000;
    await page.getByText("Reached its MaxDuration").waitFor();
  });

  test("the sound is off until a viewer turns it on, and then has the task's volume", async () => {
    const { roomId, taskId } = await play({ Volume: 80 });
    const page = await watchRoom(roomId);
    await picture(page);
    expect(await videoOf(page)).toMatchObject({ paused: false, muted: true, volume: 80 });
    await page.keyboard.press("m");
    await eventually("sound", async () => !(await videoOf(page)).muted);
    await change(taskId, { Volume: 30 });
    await eventually("less of it", async () => (await videoOf(page)).volume === 30);
    expect(await fact(page, "Volume").textContent()).toBe("30 %");
    await page.getByRole("button", { name: "Mute" }).click();
    await eventually("silence", async () => (await videoOf(page)).muted);
  });

  test("robots in one room are side by side, each at its own place", async () => {
    const one = await play({ UserId: "robot_left" });
    const other = await play({ RoomId: one.roomId, UserId: "robot_right", SeekSecond: 2 });
    const page = await watchRoom(one.roomId, { viewport: { width: 1280, height: 800 } });
    await inStep(page, one.taskId, 0);
    await inStep(page, other.taskId, 1);
    const boxes = await Promise.all(
      [0, 1].map((nth) => page.locator(".card").nth(nth).boundingBox()),
    );
    expect(boxes[0]?.y).toBe(boxes[1]?.y);
    await stop(one.taskId);
    await state(page, "ended", "robot_left");
    await state(page, "playing", "robot_right");
  });

  describe("the page plays", () => {
    const PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nclip.ts\n";
    const open = (content: Buffer) => (_request: unknown, response: ServerResponse) => {
      response.writeHead(200, { "access-control-allow-origin": "*" }).end(content);
    };
    const seen = async (path: string) => {
      const task = await play({ StreamUrl: media.urlOf(path) });
      const page = await watchRoom(task.roomId);
      await picture(page);
      return { page, ...task };
    };

    test("HLS directly when its server allows pages", async () => {
      media.put("/open/clip.ts", open(await remux(new MpegTsOutputFormat())));
      media.put("/open/vod.m3u8", open(Buffer.from(`${PLAYLIST}#EXT-X-ENDLIST\n`)));
      const { page, taskId } = await seen("/open/vod.m3u8");
      await inStep(page, taskId);
      expect((await addressesOf(page)).join()).not.toContain("/media?");
    });

    test("HLS through the emulator when its server does not allow pages", async () => {
      media.put("/hls/clip.ts", await remux(new MpegTsOutputFormat()));
      media.put("/hls/vod.m3u8", Buffer.from(`${PLAYLIST}#EXT-X-ENDLIST\n`));
      const { page, taskId } = await seen("/hls/vod.m3u8");
      await inStep(page, taskId);
      expect((await addressesOf(page)).join()).toContain("/media?");
    });

    test("MPEG-TS through mpegts.js", async () => {
      media.put("/clip.ts", await remux(new MpegTsOutputFormat()));
      const { page } = await seen("/clip.ts");
      const frame = await pixels(page).catch(() => 0);
      expect(frame).not.toBe(0);
    });

    test("HTTP-FLV without an end through mpegts.js and the emulator", async () => {
      const { head, tags } = await flvClip();
      media.put("/live.flv", (request, response) => {
        response.writeHead(200, { "content-type": "video/x-flv" });
        response.write(Buffer.concat([head, ...tags.map((tag) => tagBytes(tag))]));
        let rounds = 0;
        const timer = setInterval(() => {
          rounds += 1;
          response.write(Buffer.concat(tags.map((tag) => tagBytes(tag, rounds * 4000))));
        }, 4000);
        request.on("close", () => clearInterval(timer));
      });
      const { page } = await seen("/live.flv");
      const frame = await pixels(page);
      await eventually("another picture", async () => (await pixels(page)) !== frame);
      expect(await fact(page, "Round").textContent()).toBe("live");
    });

    test("an MP4 of a server without CORS headers", async () => {
      media.put("/clip.mp4", CLIP);
      const { page, taskId } = await seen("/clip.mp4");
      await inStep(page, taskId);
    });

    test("no RTMP, and says so beside the task's data", async () => {
      const { roomId } = await play({ StreamUrl: "rtmp://127.0.0.1:1/app/stream?token=secret" });
      const page = await watchRoom(roomId);
      await page.getByText("Browsers cannot play it").waitFor();
      expect(await fact(page, "Source").textContent()).toBe("rtmp://127.0.0.1:1/app/stream");
    });
  });

  test("what was played before is a list that the viewer opens, hostile addresses as text", async () => {
    const hostile = "/<img/src=x/onerror=document.title=1>.mp4";
    media.put(encodeURI(hostile), CLIP);
    const { roomId, taskId } = await play({ StreamUrl: media.urlOf(hostile) });
    const page = await watchRoom(roomId);
    await state(page, "playing");
    const summary = page.locator(".played summary");
    expect(await summary.isVisible()).toBe(false);
    await change(taskId, { StreamUrl: `${emulator.url}/media/clip.mp4` });
    await page.getByText("Played before (1)").waitFor();
    expect(await page.locator(".played li").isVisible()).toBe(false);
    await summary.click();
    const item = page.locator(".played li");
    expect(await item.isVisible()).toBe(true);
    expect(await item.locator(".address").textContent()).toBe(
      media.urlOf(hostile).replace("http://", ""),
    );
    expect(await page.locator(".played img").count()).toBe(0);
    expect(await item.locator("time").getAttribute("datetime")).toBe(
      emulator.tasks().find((task) => task.taskId === taskId)?.played[0]?.from,
    );
    await change(taskId, { StreamUrl: `${emulator.url}/media/small.mov` });
    await page.getByText("Played before (2)").waitFor();
    // It stays open, and the latest is above.
    expect(await item.first().locator(".address").textContent()).toContain("/media/clip.mp4");
    await stop(taskId);
    await state(page, "ended");
    expect(await item.count()).toBe(2);
  });

  test("the page continues after a restart of the emulator", async () => {
    const { roomId } = await play({ UserId: "robot_before" });
    const page = await watchRoom(roomId);
    await picture(page);
    await emulator.close();
    await page.getByText("Reconnecting…").waitFor();
    expect((await videoOf(page)).paused).toBe(true);
    emulator = await start(emulator.port);
    await page.getByText("Nothing has played here yet").waitFor();
    await play({ RoomId: roomId, UserId: "robot_after" });
    await state(page, "playing", "robot_after");
    await picture(page);
  });
});
