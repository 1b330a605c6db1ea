/**
 * Keeps the reader of sources in a file of its own. A function loads it at its first probe, so a
 * function that never probes does not even read it.
 */
import { join } from "node:path";
import type { Plugin } from "esbuild";

/** The file beside the functions, without its extension. */
export const READER = "media-reader";

/** The entry point of the file. */
export const readerEntry = (root: string): { in: string; out: string } => ({
  in: join(root, "shared", "media", "reader.ts"),
  out: READER,
});

export const readerBeside: Plugin = {
  name: "reader-beside",
  setup(build) {
    build.onResolve({ filter: /\/media\/reader\.js$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: `./${READER}.js`, external: true } : undefined,
    );
  },
};
