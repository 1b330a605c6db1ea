/** Builds the page of the console out of the sources in `console/`. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

export interface PageFile {
  /** The media type. */
  type: string;
  text: string;
}

export type PageFiles = Readonly<Record<"index.html" | "app.js" | "app.css", PageFile>>;

const sourceOf = (name: string): string =>
  fileURLToPath(new URL(`../../../console/${name}`, import.meta.url));

/** The same sources give the same files. Rejects with the faults of the sources. */
export async function buildPage(): Promise<PageFiles> {
  // Only a build needs it. A deployed function carries the built files.
  const { build } = await import("esbuild");
  const [html, { outputFiles }] = await Promise.all([
    readFile(sourceOf("index.html"), "utf8"),
    build({
      entryPoints: [sourceOf("app.ts"), sourceOf("app.css")],
      outdir: sourceOf("built"),
      bundle: true,
      format: "esm",
      target: "es2022",
      minify: true,
      charset: "utf8",
      legalComments: "none",
      write: false,
      logLevel: "silent",
    }),
  ]);
  const built = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const textOf = (name: string): string => {
    const text = built.get(name);
    if (text === undefined) throw new Error(`The build of the page made no ${name}.`);
    return text;
  };
  return {
    "index.html": { type: "text/html; charset=utf-8", text: html },
    "app.js": { type: "text/javascript; charset=utf-8", text: textOf("app.js") },
    "app.css": { type: "text/css; charset=utf-8", text: textOf("app.css") },
  };
}
