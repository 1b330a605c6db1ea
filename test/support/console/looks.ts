/** What is wrong with the look of a page. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** What axe-core finds wrong, as `rule: place`. */
export async function violations(page: Page): Promise<string[]> {
  // The policy refuses a script tag. The debugger's own evaluation is not the page's.
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(`axe.run(document, { resultTypes: ["violations"] }).then(
    ({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ": " + target.join(" ") + " " + failureSummary)))`);
}

/** Elements that reach over the right edge of the window. */
export const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")]
      .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
      .map(({ tagName, className }) => tagName + "." + className)`);
