/** The pages are short to read: `npm run prose` shows the sentences that are too long. */
import { describe, expect, test } from "@jest/globals";
import { comments, pages, readText, type Source } from "./prose-files.js";
import { commentBlocks, markdownBlocks, percentile, proseWords, sentencesOf } from "./sentences.js";

/** The 95th percentile of a page's sentences stays below this number of words. */
const P95_BELOW = 25;
const README_WORDS = 1200;

test(`README.md has at most ${README_WORDS} words besides its code blocks`, () => {
  expect(proseWords(readText("README.md"))).toBeLessThanOrEqual(README_WORDS);
});

const all = pages();
const p95 = (sources: readonly Source[]) =>
  percentile(
    sources.flatMap(({ sentences }) => sentences),
    0.95,
  );

describe(`19 of 20 sentences have fewer than ${P95_BELOW} words`, () => {
  test("over all pages", () => {
    expect(p95(all)).toBeLessThan(P95_BELOW);
  });

  test("over all comments", () => {
    expect(p95(comments())).toBeLessThan(P95_BELOW);
  });

  test.each(all.map((source) => [source.path, source] as const))("in %s", (_, source) => {
    expect(p95([source])).toBeLessThan(P95_BELOW);
  });
});

describe("in the count of sentences", () => {
  const read = (markdown: string) =>
    sentencesOf(markdownBlocks(markdown)).map(({ words, line }) => ({ words, line }));

  test("a paragraph over two lines is one text", () => {
    expect(read("One two\nthree. Four five.")).toEqual([
      { words: 3, line: 1 },
      { words: 2, line: 1 },
    ]);
  });

  test("list items and table cells stand alone", () => {
    expect(read("- one two\n- three\n\n| a b | `c | d` |\n| --- | --- |")).toEqual([
      { words: 2, line: 1 },
      { words: 1, line: 2 },
      { words: 2, line: 4 },
      { words: 1, line: 4 },
    ]);
  });

  test("code blocks and headings are no prose", () => {
    expect(read("# A heading\n\n```sh\na b c\n```\n\nText.")).toEqual([{ words: 1, line: 7 }]);
  });

  test("a link counts as its text, and inline code as one word", () => {
    expect(read("See [the page](a/b.md) and `npm run prose -- --worst 3`.")).toEqual([
      { words: 5, line: 1 },
    ]);
  });

  test("a full stop inside a name or a number ends nothing", () => {
    expect(read("It takes 1.1 s in store.ts, e.g. Here.")).toEqual([{ words: 8, line: 1 }]);
  });

  test("comments on lines that follow each other are one text, and those behind code count", () => {
    const code = "/** One two.\n * Three. */\nconst a = 1; // four five\n// six\n// seven.\n";
    expect(sentencesOf(commentBlocks(code)).map(({ words }) => words)).toEqual([2, 1, 4]);
  });
});
