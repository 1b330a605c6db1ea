/**
 * Takes out of the bundles what no instance reads: the descriptions of fields, and the indentation of
 * SQL. The OpenAPI document shows the descriptions, and no answer quotes one. Each cold start would
 * read both.
 */
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const DESCRIPTION = /\bdescription:\s*"(?:[^"\\]|\\.)*",?/g;

/** Lines keep their numbers. */
const withoutDescriptions = (text: string): string =>
  text.replace(DESCRIPTION, (words) => words.replace(/[^\n]/g, ""));

/** No text in our SQL goes over a line's end. */
const withoutIndentation = (text: string): string => text.replace(/\n +/g, "\n");

export const withoutWords: Plugin = {
  name: "without-words",
  setup(build) {
    const load = (filter: RegExp, without: (text: string) => string) => {
      build.onLoad({ filter }, async ({ path }) => ({
        contents: without(await readFile(path, "utf8")),
        loader: "ts",
      }));
    };
    load(/[\\/]shared[\\/]contract[\\/].*\.ts$/, withoutDescriptions);
    load(/[\\/]shared[\\/]store[\\/].*\.ts$/, withoutIndentation);
  },
};
