/** One minified CommonJS file per function, its source map beside it. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { checksAhead } from "./checks-ahead.js";
import { engineWithin } from "./engine-within.js";
import { leftOut } from "./left-out.js";

export interface BundleFolders {
  /** The repository's root. */
  root: string;
  /** Where the bundles go. */
  out: string;
}

/** The names of the functions that were bundled. */
export async function bundleFunctions({ root, out }: BundleFolders): Promise<string[]> {
  const functions = join(root, "functions");
  const files = (await readdir(functions)).filter((file) => file.endsWith(".ts")).sort();
  await build({
    entryPoints: files.map((file) => join(functions, file)),
    outdir: out,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    // A stack in the log names our functions; it costs a few hundred bytes.
    keepNames: true,
    platform: "node",
    target: "node20",
    // SCF takes CommonJS entries only.
    format: "cjs",
    // The SDK's ES modules are what can be shaken down to its TRTC client.
    mainFields: ["module", "main"],
    // Optional native driver of pg, which nobody installs.
    external: ["pg-native"],
    // What Node.js says of itself from 21 on. Where it does not, pg asks the global Response instead
    // whether this is Cloudflare, and with it comes all of fetch: 12 ms of every cold start.
    define: { navigator: JSON.stringify({ userAgent: "Node.js" }) },
    sourcemap: "external",
    legalComments: "none",
    plugins: [checksAhead, engineWithin, leftOut],
    logLevel: "warning",
  });
  return files.map((file) => basename(file, ".ts"));
}
