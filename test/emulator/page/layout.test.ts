/** A room's page in a run on this machine, in headless Chromium: its layout and its texts. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Mp4OutputFormat } from "mediabunny";
import type { Browser, Page } from "playwright-core";
import { type LocalRuntime, startLocal } from "../../../local/runtime.js";
import { addMs, systemClock } from "../../../shared/clock.js";
import { describeInBrowser, openPage, startBrowser } from "../../support/app/browser.js";
import { CN_APP, post } from "../../support/app/test-app.js";
import { CLIP, remux } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";

let runtime: LocalRuntime;
let browser: Browser;
let media: MediaServer;

const start = async (roomId: string, streamUrl: string): Promise<string> => {
  const { response } = await post(`${runtime.url}/start-ingest`, {
    SdkAppId: CN_APP,
    RoomId: roomId,
    RoomIdType: 0,
    RepeatNum: -1,
    StreamUrl: streamUrl,
    StopTime: addMs(systemClock.now(), 600_000).toISOString(),
  });
  return String(response["TaskId"]);
};

async function look(roomId: string, width: number): Promise<Page> {
  const url = `${runtime.trtcUrl}/rooms/0/${roomId}`;
  const { page } = await openPage(browser, url, { viewport: { width, height: 800 } });
  await page.locator(".card").first().waitFor();
  return page;
}

/**
 * Waits for the first picture, because only then is the layout known. Each look is a call of its
 * own: a function that waits inside the page is refused by the page's policy.
 */
async function picture(page: Page): Promise<void> {
  const hasPicture = `document.querySelector("video").readyState > 1 &&
    document.querySelector(".stage").style.getPropertyValue("--ratio") !== ""`;
  const givenUpAt = Date.now() + 30_000;
  while (!(await page.evaluate<boolean>(hasPicture))) {
    if (Date.now() > givenUpAt) throw new Error("the page shows no picture");
    await page.waitForTimeout(50);
  }
}

interface Box {
  width: number;
  height: number;
}

const boxOf = async (page: Page, selector: string, nth = 0): Promise<Box> =>
  (await page.locator(selector).nth(nth).boundingBox()) ?? { width: 0, height: 0 };

/** With the widest letters in a robot's id. The page would write its own id again. */
const linesOf = (page: Page, selector: string) =>
  page.evaluate<number[]>(`[...document.querySelectorAll("${selector}")].map((each) => {
    each.textContent = "robot_" + "m".repeat(26);
    const range = document.createRange();
    range.selectNodeContents(each);
    return range.getClientRects().length;
  })`);

const wider = (page: Page, width: number) =>
  page.evaluate<string[]>(`[...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > ${width})
    .map(({ tagName, className }) => tagName + "." + className)`);

const fact = (page: Page, name: string) =>
  page.locator(".facts div", { has: page.locator(`dt:text-is("${name}")`) }).locator("dd");

describeInBrowser("a room's page", () => {
  beforeAll(async () => {
    const log = () => undefined;
    [runtime, browser, media] = await Promise.all([
      startLocal({ env: {}, port: 0, trtcPort: 0, log }),
      startBrowser(),
      startMediaServer(),
    ]);
    media.put("/clip.mp4", CLIP);
    media.put("/upright.mp4", await remux(new Mp4OutputFormat(), { rotate: 90 }));
    const sources = ["/clip.mp4", "/upright.mp4", "/none.mp4"].map((path) => media.urlOf(path));
    // Its long address makes its card higher than the next.
    const long = `/${"long-".repeat(40)}clip.mp4`;
    media.put(long, CLIP);
    await start("many", media.urlOf(long));
    for (const [at, room] of ["wide", "upright", "dead"].entries()) {
      await start(room, sources[at] ?? "");
      await start("many", sources[at] ?? "");
    }
  });
  afterAll(() => Promise.all([runtime.close(), browser.close(), media.close()]));

  test("has nothing black beside a wide picture that is alone", async () => {
    const page = await look("wide", 1280);
    await picture(page);
    const { width, height } = await boxOf(page, ".stage");
    expect(width / height).toBeCloseTo(16 / 9, 1);
    await page.context().close();
  });

  test("shows an upright film at least 200 pixels wide on a phone", async () => {
    const page = await look("upright", 390);
    await picture(page);
    const { width, height } = await boxOf(page, ".stage");
    // The film is 9 to 16.
    expect(Math.min(width, (height * 9) / 16)).toBeGreaterThanOrEqual(200);
    await page.context().close();
  });

  test.each([
    ["wide", 1280],
    ["many", 1280],
    ["wide", 390],
    ["upright", 390],
    ["many", 390],
    ["dead", 390],
  ])("keeps robot ids whole and every element inside: %s at %i pixels", async (room, width) => {
    const page = await look(room, width);
    const lines = await linesOf(page, ".card h2");
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines)).toEqual(new Set([1]));
    expect(await wider(page, width)).toEqual([]);
    await page.context().close();
  });

  test("gives the cards of one row the same height", async () => {
    const page = await look("many", 1280);
    const boxes = [0, 1].map((nth) => page.locator(".card").nth(nth).boundingBox());
    const [one, other] = await Promise.all(boxes);
    expect(one?.y).toBe(other?.y);
    expect(one?.height).toBe(other?.height);
    await page.context().close();
  });

  test("shows a dead source as dead: the reason, no track, and no new try", async () => {
    const page = await look("dead", 1280);
    await page.locator(".card.dead").waitFor({ timeout: 30_000 });
    expect(await page.locator(".card .pill").textContent()).toBe("Failed");
    expect(await page.locator(".veil").textContent()).toContain("404");
    expect(await page.locator(".bar.bare").count()).toBe(1);
    await fact(page, "End").getByText("TRTC could not open the source").waitFor();
    const words = await page.locator("body").innerText();
    expect(words).not.toMatch(/tries again|\blive\b|No end by itself|Unmute/);
    await page.context().close();
  });

  test("says why a stopped ingest ended, in the words that describe answers", async () => {
    const taskId = await start("stopped", media.urlOf("/clip.mp4"));
    const page = await look("stopped", 390);
    expect(await fact(page, "Ingest").textContent()).toBe(taskId);
    await post(`${runtime.url}/stop-ingest`, { SdkAppId: CN_APP, TaskId: taskId });
    await fact(page, "End").getByText("Stopped after ").waitFor();
    const asked = { SdkAppId: CN_APP, TaskId: taskId };
    const { response } = await post(`${runtime.url}/describe-ingest`, asked);
    const { EndDetail } = response;
    expect(EndDetail).toMatch(/ asked for /);
    await fact(page, "End").getByText(String(EndDetail)).waitFor();
    await page.context().close();
  });
});
