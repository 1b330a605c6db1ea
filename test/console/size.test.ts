/** What a first visit loads. */
import { gzipSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { buildPage } from "../../shared/runtime/console/build-page.js";

test("the first load is under 60 kB compressed", async () => {
  const files = Object.values(await buildPage());
  const sizes = files.map(({ text }) => gzipSync(text).length);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);

  expect(bytes).toBeLessThan(60_000);
  // Far above it, and the tests look at the page that is served.
  expect(bytes).toBeGreaterThan(5_000);
});

test("the page writes no HTML, and keeps nothing", async () => {
  const script = (await buildPage())["app.js"].text;

  expect(script).not.toMatch(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|localStorage|sessionStorage|indexedDB|document\.cookie|\beval\(|new Function/,
  );
});

test("the page has no inline script and no inline style", async () => {
  const html = (await buildPage())["index.html"].text;

  expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\bon\w+=/);
});
