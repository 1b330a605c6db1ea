/** What the tests of the pages read out of Markdown. */

export interface CodeBlock {
  language: string;
  body: string;
}

const FENCED = /^```(\S*).*\n([\s\S]*?)^```$/gm;

export const codeBlocks = (markdown: string): CodeBlock[] =>
  [...markdown.matchAll(FENCED)].map(([, language = "", body = ""]) => ({ language, body }));

const withoutCode = (markdown: string): string => markdown.replace(FENCED, "");

export interface Heading {
  level: number;
  text: string;
}

export const headings = (markdown: string): Heading[] =>
  [...withoutCode(markdown).matchAll(/^(#{1,6}) +(.+)$/gm)].map(([, marks = "", text = ""]) => ({
    level: marks.length,
    text,
  }));

/** As GitHub names a heading: lower case, no punctuation, hyphens for spaces. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

/** The targets of links and pictures. */
export const links = (markdown: string): string[] =>
  [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);

export const inlineCode = (markdown: string): string[] =>
  [...withoutCode(markdown).matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
