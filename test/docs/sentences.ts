/**
 * Finds the sentences of Markdown pages and of code comments, and counts their words.
 *
 * Prose is split into blocks first (a paragraph, a list item, a table cell, a comment), because a
 * sentence never crosses a block. Code blocks are no prose. A link counts as its text, and inline
 * code counts as one word, whatever it holds.
 */

export interface Block {
  /** The first line of the block, counted from 1. */
  line: number;
  text: string;
}

export interface Sentence extends Block {
  words: number;
}

interface NumberedLine {
  line: number;
  text: string;
}

const FENCE = /^\s*(?:```|~~~)/;
const HEADING = /^\s*#{1,6}\s/;
const TABLE_RULE = /^\s*\|[\s:|-]+\|\s*$/;
const LIST_ITEM = /^\s*(?:[-*+]|\d+[.)])\s+/;
/** A name and its meaning in columns, as comments have them: each line is a text of its own. */
const IN_COLUMNS = /\S {2,}\S/;

export function markdownBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  let fenced = false;
  const close = () => {
    if (open) blocks.push(open);
    open = undefined;
  };
  for (const { line, text: each } of numbered(text)) {
    if (FENCE.test(each)) {
      close();
      fenced = !fenced;
    } else if (fenced) {
      continue;
    } else if (each.trim() === "" || HEADING.test(each) || TABLE_RULE.test(each)) {
      close();
    } else if (/^\s*\|/.test(each)) {
      close();
      for (const cell of cells(each)) blocks.push({ line, text: cell });
    } else if (open && !LIST_ITEM.test(each) && !IN_COLUMNS.test(each)) {
      open.text += ` ${each.trim()}`;
    } else {
      close();
      open = { line, text: each.replace(LIST_ITEM, "").trim() };
    }
  }
  close();
  return blocks;
}

/** A `|` inside inline code does not end a cell. */
function cells(row: string): string[] {
  const kept = row.replace(/`[^`]*`/g, (code) => code.replaceAll("|", "/"));
  return kept
    .split("|")
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
}

const BLOCK_COMMENT = /^[ \t]*\/\*[\s\S]*?\*\//gm;
const LINE_COMMENT = /(?:^|[;,{})\]]|=>|\()[ \t]*\/\/ ?(.*)$/;

/** Prettier puts a comment on its own lines, or behind the code of one line. */
export function commentBlocks(code: string): Block[] {
  const blocks: Block[] = [];
  const lineOf = (index: number) => code.slice(0, index).split("\n").length;
  const withoutBlocks = code.replace(BLOCK_COMMENT, (comment, index: number) => {
    const first = lineOf(index);
    const text = comment
      .replace(/^\s*\/\*\*?|\*\/$/g, "")
      .split("\n")
      .map((each) => each.replace(/^\s*\* ?/, ""))
      .join("\n");
    for (const { line, text: inner } of markdownBlocks(text)) {
      blocks.push({ line: first + line - 1, text: inner });
    }
    return comment.replace(/[^\n]/g, "");
  });
  blocks.push(...joinedLines(withoutBlocks, LINE_COMMENT));
  return blocks;
}

/** The `#` comments of YAML and of shell scripts. */
export const hashCommentBlocks = (text: string): Block[] =>
  joinedLines(text, /^[ \t]*#(?!!) ?(.*)$/);

/** Comments on lines that follow each other are one text. */
function joinedLines(text: string, pattern: RegExp): Block[] {
  const lines = numbered(text).flatMap(({ line, text: each }) => {
    const comment = pattern.exec(each)?.[1]?.trim();
    return comment === undefined ? [] : [{ line, text: comment }];
  });
  const groups: NumberedLine[][] = [];
  for (const each of lines) {
    const group = groups.at(-1);
    if (group && each.line === (group.at(-1)?.line ?? 0) + 1) group.push(each);
    else groups.push([each]);
  }
  return groups.flatMap((group) => {
    const first = group[0]?.line ?? 1;
    const joined = group.map((each) => each.text).join("\n");
    return markdownBlocks(joined).map(({ line, text: inner }) => ({
      line: first + line - 1,
      text: inner,
    }));
  });
}

const numbered = (text: string): NumberedLine[] =>
  text.split("\n").map((each, index) => ({ line: index + 1, text: each }));

/** A full stop ends a sentence when a space and a new beginning follow. */
const SENTENCE_END = /(?<=[.!?…]["'”)]?)\s+(?=["'“(`\p{Lu}\p{N}@])/u;
const ABBREVIATION = /\b(?:e\.g|i\.e|etc|vs|No)\.$/;

export function sentencesOf(blocks: readonly Block[]): Sentence[] {
  return blocks.flatMap(({ line, text }) => {
    const sentences: Sentence[] = [];
    let waiting = "";
    for (const part of plain(text).split(SENTENCE_END)) {
      const sentence = waiting === "" ? part : `${waiting} ${part}`;
      if (ABBREVIATION.test(sentence)) {
        waiting = sentence;
        continue;
      }
      waiting = "";
      sentences.push({ line, text: sentence, words: wordCount(sentence) });
    }
    if (waiting !== "") sentences.push({ line, text: waiting, words: wordCount(waiting) });
    return sentences.filter(({ words }) => words > 0);
  });
}

/** Markdown without its marks. */
const plain = (text: string): string =>
  text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/<https?:[^>]*>/g, "address")
    .replace(/`[^`]*`/g, (code) => `\`${code.replace(/[^\p{L}\p{N}]/gu, "") || "x"}\``)
    .replace(/\*\*|__/g, "")
    .trim();

const wordCount = (text: string): number =>
  text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

/** The words of a page's prose: what a reader reads, without code blocks and table rules. */
export const proseWords = (markdown: string): number =>
  wordCount(
    markdown
      .replace(/^\s*(?:```|~~~)[\s\S]*?^\s*(?:```|~~~)\s*$/gm, "")
      .replace(/\]\([^)]*\)/g, "]"),
  );

/** The smallest length that so much of all sentences do not exceed. */
export function percentile(sentences: readonly Sentence[], share: number): number {
  const ordered = sentences.map(({ words }) => words).sort((a, b) => a - b);
  return ordered[Math.ceil(share * ordered.length) - 1] ?? 0;
}
