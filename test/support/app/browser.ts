/** Headless Chromium, if it is installed: pages as people see them. */
import { describeWith } from "../needed.js";
import { CHROMIUM, hasChromium } from "../programs.js";

export { type Opened, openPage, startBrowser } from "../console/pages.js";

/** `describe` where Chromium is. */
export function describeInBrowser(name: string, body: () => void): void {
  describeWith({ isThere: hasChromium, program: CHROMIUM }, name, body);
}
