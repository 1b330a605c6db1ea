/** README.zh-CN.md says what README.md says: the same headings in the same order, the same code. */
import { expect, test } from "@jest/globals";
import { anchorOf, codeBlocks, headings, links } from "./markdown.js";
import { readText } from "./prose-files.js";

const english = readText("README.md");
const chinese = readText("README.zh-CN.md");

test("README.zh-CN.md has README's headings, in the same order and of the same level", () => {
  const levels = (text: string) => headings(text).map(({ level }) => level);
  expect(levels(chinese)).toEqual(levels(english));
});

test("README.zh-CN.md has the same code blocks in the same order", () => {
  expect(codeBlocks(chinese)).toEqual(codeBlocks(english));
});

test("README.zh-CN.md links to the same pages in the same order", () => {
  const pages = (text: string) =>
    links(text)
      .map((target) => target.split("#")[0] ?? "")
      .filter((path) => path !== "" && !path.startsWith("README"));
  expect(pages(chinese)).toEqual(pages(english));
});

test("README.zh-CN.md has a table row for each of README's", () => {
  const rows = (text: string) => [...text.matchAll(/^\|/gm)].length;
  expect(rows(chinese)).toBe(rows(english));
});

test.each([
  ["README.md", english],
  ["README.zh-CN.md", chinese],
])("the contents of %s name each section", (_, text) => {
  const sections = headings(text).filter(({ level }) => level === 2);
  const named = links(text).filter((target) => target.startsWith("#"));
  const missing = sections
    .slice(1)
    .filter(({ text: each }) => !named.includes(`#${anchorOf(each)}`));
  expect(missing).toEqual([]);
});
