/** The emulator's pages on a phone, with the keyboard, and without layout jumps. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser } from "playwright-core";
import type { Emulator } from "../../../emulator/server.js";
import { describeInBrowser, openPage, startBrowser } from "../../support/app/browser.js";
import {
  cnSdk,
  CN_APP,
  startFields,
  startTestEmulator,
} from "../../support/http/emulator-client.js";

/** 64 signs without a line break: the longest room id. */
const LONG = "W".repeat(64);

let browser: Browser;
let emulator: Emulator;

describeInBrowser("the form of the pages", () => {
  beforeAll(async () => {
    [browser, emulator] = await Promise.all([startBrowser(), startTestEmulator()]);
    const send = cnSdk(emulator);
    const clip = { StreamUrl: `${emulator.url}/media/clip.mp4`, RepeatNum: -1 };
    const start = (fields: object) =>
      send("StartStreamIngest", startFields(CN_APP, { ...clip, ...fields }));
    await start({ RoomId: "lobby" });
    await start({ RoomId: LONG, UserId: "R".repeat(32) });
    const { TaskId } = await start({ RoomId: LONG, UserId: "S".repeat(32) });
    await send("StopStreamIngest", { SdkAppId: CN_APP, TaskId });
  });
  afterAll(() => Promise.all([browser.close(), emulator.close()]));

  const open = async (path: string, width = 1280) => {
    const viewport = { width, height: 800 };
    const { page } = await openPage(browser, emulator.url + path, { viewport });
    await page.locator("h1").waitFor();
    return page;
  };

  test.each(["/", "/rooms/0/lobby", `/rooms/0/${LONG}`, "/rooms/0/nobody"])(
    "%s fits a phone, and nothing is cut off",
    async (path) => {
      const page = await open(path, 360);
      const widths = "[document.documentElement.scrollWidth, document.body.scrollWidth]";
      for (const width of await page.evaluate<number[]>(widths))
        expect(width).toBeLessThanOrEqual(360);
      for (const control of await page.locator("button:visible, a:visible").all()) {
        const box = await control.boundingBox();
        expect(box?.x).toBeGreaterThanOrEqual(0);
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
        expect(box?.height).toBeGreaterThanOrEqual(36);
      }
      await page.context().close();
    },
  );

  test("every control is reached with the Tab key, and shows its focus", async () => {
    const page = await open("/rooms/0/lobby");
    const focused = `(({ textContent }, { outlineStyle, outlineWidth, opacity }) =>
      [textContent, outlineStyle, parseFloat(outlineWidth) >= 2])(
      document.activeElement, getComputedStyle(document.activeElement))`;
    const stops: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate(focused));
    }
    expect(stops).toEqual([
      ["Rooms", "solid", true],
      ["Unmutem", "solid", true],
      ["Full screen", "solid", true],
    ]);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Mute", exact: false }).waitFor();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Rooms" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
    await page.context().close();
  });

  test("the list's link to a room works with the keyboard alone", async () => {
    const page = await open("/");
    await page.getByRole("link", { name: "lobby" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".card[data-state=playing]").waitFor();
    expect(await page.locator("h1").textContent()).toBe("lobby");
    await page.context().close();
  });

  test("the layout does not shift while the page loads and plays", async () => {
    const page = await open("/rooms/0/lobby");
    await page.locator(".now", { hasNotText: "0:00" }).waitFor();
    const shifts = `new Promise((resolve) => new PerformanceObserver((list) =>
      resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0)),
    ).observe({ type: "layout-shift", buffered: true }) ?? setTimeout(() => resolve(0), 1000))`;
    expect(await page.evaluate<number>(shifts)).toBeLessThan(0.01);
    await page.context().close();
  });

  test.each(["light", "dark"] as const)(
    "texts have enough contrast in the %s scheme",
    async (colorScheme) => {
      const { page } = await openPage(browser, `${emulator.url}/rooms/0/lobby`, { colorScheme });
      await page.locator(".card[data-state=playing]").waitFor();
      const colours = await page.evaluate<[string, string][]>(`
      [["h1", "html"], [".about", "html"], [".card dt", ".card"], [".card dd", ".card"],
       [".pill", ".pill"], [".total", ".card"], [".sound", ".sound"]]
      .map(([text, ground]) => [getComputedStyle(document.querySelector(text)).color,
        getComputedStyle(document.querySelector(ground)).backgroundColor])`);
      expect(colours).toHaveLength(7);
      for (const [text, ground] of colours) {
        const [one = 0, other = 0] = [luminance(text), luminance(ground)].sort((a, b) => b - a);
        // WCAG 2.2, level AA.
        const contrast = (one + 0.05) / (other + 0.05);
        expect({ text, ground, contrast: contrast >= 4.5 }).toEqual({
          text,
          ground,
          contrast: true,
        });
      }
      await page.context().close();
    },
  );
});

/** Relative luminance of `rgb(…)`, as WCAG defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [...colour.matchAll(/[\d.]+/g)].map(([digits]) => {
    const share = Number(digits) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
