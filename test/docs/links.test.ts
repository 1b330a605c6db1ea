/** Every page leads where it says: its links, the headings in them, and the paths in its text. */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { anchorOf, headings, inlineCode, links } from "./markdown.js";
import { filesBelow, readText, ROOT } from "./prose-files.js";

const PAGES = filesBelow(".").filter((path) => path.endsWith(".md"));

const FOLDERS = "functions|shared|emulator|local|deploy|ops|cli|bench|test|docs";
const FILE_PATH = new RegExp(`^(?:${FOLDERS})/[\\w./-]*$|^[\\w-]+\\.(?:md|yml|json)$`);

/** Where a path in the text starts: at the project's root, or beside the page. */
const exists = (page: string, path: string): boolean =>
  existsSync(join(ROOT, path)) || existsSync(join(ROOT, dirname(page), path));

describe.each(PAGES)("%s", (page) => {
  const text = readText(page);

  test("links to files and headings that exist", () => {
    const broken = links(text)
      .filter((target) => !/^(?:https?|mailto):/.test(target))
      .filter((target) => {
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? page : normalize(join(dirname(page), path));
        if (!existsSync(join(ROOT, file))) return true;
        if (anchor === undefined) return false;
        return !headings(readText(file)).some((heading) => anchorOf(heading.text) === anchor);
      });
    expect(broken).toEqual([]);
  });

  test("names paths that exist", () => {
    const missing = inlineCode(text)
      .filter((code) => FILE_PATH.test(code))
      .filter((path) => !exists(page, path));
    expect(missing).toEqual([]);
  });
});
