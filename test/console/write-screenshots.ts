/** `npm run console:screenshots`: writes the pictures of console/README.md, of a run on this machine. */
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { LOCAL_CALLER } from "../../local/environment/local-environment.js";
import { type LocalRuntime, startLocal } from "../../local/runtime.js";
import { goTo, openConsole, signIn } from "../support/console/console.js";
import { startBrowser } from "../support/console/pages.js";

const KEY = LOCAL_CALLER.SecretKey;
const TV_KEY = "local-key-of-a-television";
const APPLICATION = { SdkAppId: 1400000000, RoomIdType: 0 };

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../../console/images/${name}.png`, import.meta.url));

/** Nothing listens at the receiver of the television. */
const CALLERS = JSON.stringify([
  { Id: LOCAL_CALLER.Id, SecretKeys: [KEY], SdkAppIds: [APPLICATION.SdkAppId] },
  {
    ...{ Id: "AKIDtv", SecretKeys: [TV_KEY], SdkAppIds: [APPLICATION.SdkAppId] },
    NotifyUrl: "http://127.0.0.1:9/hook",
    NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
  },
]);

async function call(
  runtime: LocalRuntime,
  action: string,
  { key = KEY, ...body }: { key?: string } & Record<string, unknown>,
): Promise<void> {
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    "x-tc-action": action,
  };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  await fetch(`${runtime.url}/console/api`, init);
}

async function fill(runtime: LocalRuntime): Promise<void> {
  const clip = `${runtime.trtcUrl}/media/clip.mp4`;
  const start = { ...APPLICATION, MaxDuration: 90 };
  const titles = ["Welcome", "Lesson 7", "Questions"];
  const Playlist = titles.map((Title) => ({ Title, StreamUrl: clip }));
  const list = { ...start, RoomId: "class-7", Playlist, PlaylistRepeatNum: -1 };
  await call(runtime, "StartStreamIngest", list);
  for (const RoomId of ["lobby", "hall", "studio-2"]) {
    await call(runtime, "StartStreamIngest", { ...start, RoomId, StreamUrl: clip, RepeatNum: -1 });
  }
  const ofTv = { ...start, key: TV_KEY, RepeatNum: -1 };
  for (const RoomId of ["news", "morning-show"]) {
    await call(runtime, "StartStreamIngest", { ...ofTv, RoomId, StreamUrl: clip });
  }
  const StreamUrl = `${runtime.trtcUrl}/media/taken-down.mp4`;
  const broadcast = { ...ofTv, RoomId: "outside-broadcast", StreamUrl };
  await call(runtime, "StartStreamIngest", { ...broadcast, BackupStreamUrl: clip });
  const Ingest = { ...APPLICATION, RoomId: "hall", StreamUrl: clip, RepeatNum: -1 };
  for (const [Name, Recurrence, Priority] of [
    ["Evening news", "30 19 * * *", 50],
    ["Concert", "0 20 * * 5", 60],
  ] as const) {
    const Windows = [{ Recurrence, DurationSeconds: 3600 }];
    const body = { Name, TimeZone: "Europe/Berlin", Priority, Windows, Ingest };
    await call(runtime, "CreateIngestSchedule", body);
  }
}

interface Looks {
  kind: "caller" | "operator";
  options?: BrowserContextOptions;
}

async function open(
  browser: Browser,
  url: string,
  { kind, options = { viewport: { width: 1280, height: 800 } } }: Looks,
): Promise<Page> {
  const { page } = await openConsole(browser, url, options);
  await signIn(page, kind, KEY);
  await page.locator(".ingests li").nth(3).waitFor();
  return page;
}

/** A list with a dead source, and the buttons for all that it selects. */
async function pictureTrouble(page: Page, name: string): Promise<void> {
  await page.locator(".ingests li .trouble:visible").first().waitFor({ timeout: 90_000 });
  await page.locator(".bulk summary").click();
  await page.screenshot({ path: fileOf(name) });
}

const runtime = await startLocal({ env: { CALLERS }, port: 0, trtcPort: 0, log: () => undefined });
const browser = await startBrowser();
try {
  await fill(runtime);
  const page = await open(browser, runtime.url, { kind: "caller" });
  await page.screenshot({ path: fileOf("ingests") });
  await page.locator(".ingests a", { hasText: "class-7" }).click();
  await page.locator(".timeline li").first().waitFor();
  await page.screenshot({ path: fileOf("ingest") });
  await goTo(page, "schedules");
  await page.locator(".entry").first().waitFor();
  await page.screenshot({ path: fileOf("schedules") });
  const options: BrowserContextOptions = {
    viewport: { width: 390, height: 800 },
    colorScheme: "dark",
  };
  const phone = await open(browser, runtime.url, { kind: "caller", options });
  await phone.screenshot({ path: fileOf("phone") });
  const operator = await open(browser, runtime.url, { kind: "operator" });
  await pictureTrouble(operator, "operator");
  const zh = { viewport: { width: 1280, height: 640 }, locale: "zh-CN" };
  await pictureTrouble(
    await open(browser, runtime.url, { kind: "operator", options: zh }),
    "operator-zh",
  );
  await goTo(operator, "health");
  await operator.locator(".health .badge.fail").first().waitFor({ timeout: 90_000 });
  await operator.screenshot({ path: fileOf("health") });
} finally {
  await browser.close();
  await runtime.close();
}
