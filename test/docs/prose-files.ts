/** The texts whose sentences are measured: pages, and the comments of the code. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  commentBlocks,
  hashCommentBlocks,
  markdownBlocks,
  type Sentence,
  sentencesOf,
} from "./sentences.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Source {
  path: string;
  sentences: Sentence[];
}

const LEFT_OUT = new Set(["node_modules", "dist", "coverage", "fixtures"]);

/** Paths below a folder of the project, from the project's root. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && !LEFT_OUT.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

export const readText = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** Words of a Chinese page have no spaces between them: a test of its own holds it in step. */
const isPage = (path: string): boolean => path.endsWith(".md") && !path.endsWith("zh-CN.md");

const pagePaths = (): string[] => filesBelow(".").filter(isPage);

export const pages = (): Source[] =>
  pagePaths().map((path) => ({ path, sentences: sentencesOf(markdownBlocks(readText(path))) }));

export const comments = (): Source[] =>
  filesBelow(".").flatMap((path) => {
    const blocksOf = /\.(?:ts|js|cjs)$/.test(path)
      ? commentBlocks
      : /\.(?:ya?ml|sh)$/.test(path)
        ? hashCommentBlocks
        : undefined;
    return blocksOf ? [{ path, sentences: sentencesOf(blocksOf(readText(path))) }] : [];
  });
