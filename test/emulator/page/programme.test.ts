/** A room's page in a run on this machine, in headless Chromium: where an ingest is in its list. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Browser } from "playwright-core";
import { type LocalRuntime, startLocal } from "../../../local/runtime.js";
import {
  describeInBrowser,
  type Opened,
  openPage,
  startBrowser,
} from "../../support/app/browser.js";
import { CN_APP, post } from "../../support/app/test-app.js";

let runtime: LocalRuntime;
let browser: Browser;
let opened: Opened | undefined;

const clip = (name: string) => `${runtime.trtcUrl}/media/clip.mp4?${name}`;

/** No server answers there. */
const DEAD = "http://127.0.0.1:9/dead.mp4?token=secret";

const send = async (action: string, fields: object): Promise<string> => {
  const { response } = await post(`${runtime.url}/${action}`, { SdkAppId: CN_APP, ...fields });
  expect(response["Error"]).toBeUndefined();
  return String(response["TaskId"]);
};

const start = (RoomId: string, fields: object) =>
  send("start-ingest", { RoomId, RoomIdType: 0, MaxDuration: 5, ...fields });

/** The line about the list, when it has come to be like this. */
async function line(room: string, like: RegExp, width = 1280): Promise<string> {
  opened = await openPage(browser, `${runtime.trtcUrl}/rooms/0/${room}`, {
    viewport: { width, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
  });
  const shown = opened.page.locator(".programme");
  await shown.filter({ hasText: like }).waitFor();
  // It counts on, so it may no longer be like this.
  return shown.innerText();
}

describeInBrowser("a room's page", () => {
  beforeAll(async () => {
    const log = () => undefined;
    [runtime, browser] = await Promise.all([
      startLocal({ env: {}, port: 0, trtcPort: 0, log }),
      startBrowser(),
    ]);
  });
  afterEach(async () => {
    expect(opened?.complaints).toEqual([]);
    await opened?.page.context().close();
  });
  afterAll(() => Promise.all([runtime.close(), browser.close()]));

  test("shows the item, its time on air, and what follows when", async () => {
    const Playlist = [
      { Title: "Opening", StreamUrl: clip("a"), PlaySeconds: 90 },
      { StreamUrl: clip("token=secret") },
    ];
    const TaskId = await start("list", { Playlist });
    const shown = await line("list", /0:0[1-9] of/);
    const next = new URL(clip("")).host;
    expect(shown).toMatch(
      new RegExp(
        `^Item 1 of 2 · Opening · 0:0\\d of 1:30 · next: ${next}/media/clip.mp4 at \\d\\d:\\d\\d:\\d\\d$`,
      ),
    );
    await send("stop-ingest", { TaskId });
    await opened?.page.locator(".programme").waitFor({ state: "hidden" });
  });

  test("counts on between two answers, and stands still in a pause", async () => {
    const TaskId = await start("paused", {
      Playlist: [{ Title: "Talk", StreamUrl: clip("a"), PlaySeconds: 90 }],
    });
    await line("paused", /0:0[2-9] of 1:30$/);
    await send("update-ingest", { TaskId, IsPause: true });
    const paused = opened?.page.locator(".card[data-state=paused] .programme");
    // The end of an item is not known in a pause.
    await paused?.filter({ hasText: /^Item 1 of 1 · Talk · 0:\d\d$/ }).waitFor();
    const before = await paused?.innerText();
    await opened?.page.waitForTimeout(1500);
    expect(await paused?.innerText()).toBe(before);
  });

  test("names the filler while an item fails, and once the list is over", async () => {
    await start("filler", {
      Playlist: [{ Title: "Talk", StreamUrl: DEAD, PlaySeconds: 8 }],
      OnItemFailure: "Filler",
      FillerStreamUrl: clip("filler"),
    });
    const shown = await line("filler", /filler plays$/);
    expect(shown).toMatch(/^Item 1 of 1 · Talk · 0:0\d of 0:08 · filler plays$/);
    const over = opened?.page.locator(".programme", { hasText: /^The list is over/ });
    await over?.waitFor();
    expect(await over?.innerText()).toBe("The list is over · filler plays");
  });

  test("names the backup of one StreamUrl, and says nothing while its own source plays", async () => {
    await start("well", { StreamUrl: clip("a"), BackupStreamUrl: clip("b") });
    await start("backup", { StreamUrl: DEAD, BackupStreamUrl: clip("b") });
    expect(await line("backup", /backup plays$/)).toMatch(
      /^Item 1 of 1 · 127\.0\.0\.1:9\/dead\.mp4 · 0:0\d of 5:00 · backup plays$/,
    );
    await opened?.page.goto(`${runtime.trtcUrl}/rooms/0/well`);
    await opened?.page.locator(".card[data-state=playing]").waitFor();
    expect(await opened?.page.locator(".programme").isVisible()).toBe(false);
  });

  test("shows hostile titles as text, inside a phone's width", async () => {
    const hostile = `<img src=x onerror="document.title='hit'">\u202e${"m".repeat(80)}`;
    await start("hostile", {
      Playlist: [
        { Title: hostile, StreamUrl: clip("a"), PlaySeconds: 90 },
        { Title: "</script><b>Panel", StreamUrl: clip("b"), PlaySeconds: 90 },
      ],
    });
    const shown = await line("hostile", /^Item 1 of 2/, 390);
    expect(shown).toContain(hostile);
    expect(shown).toContain("next: </script><b>Panel at ");
    expect(await opened?.page.locator(".programme img, .programme b").count()).toBe(0);
    expect(await opened?.page.title()).toBe("hostile · TRTC emulator");
    const wide = await opened?.page.evaluate<number>("document.documentElement.scrollWidth");
    expect(wide).toBeLessThanOrEqual(390);
  });
});
