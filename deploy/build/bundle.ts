/** One minified CommonJS file per function, and some that they load on demand. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { BESIDE, beside, besideEntries } from "./beside.js";
import { checksAhead } from "./checks-ahead.js";
import { leftOut } from "./left-out.js";

export interface BundleFolders {
  /** The repository's root. */
  root: string;
  /** Where the bundles go. */
  out: string;
}

/** Returns the names of the files. */
export async function bundleFunctions({ root, out }: BundleFolders): Promise<string[]> {
  const functions = join(root, "functions");
  const files = (await readdir(functions)).filter((file) => file.endsWith(".ts")).sort();
  await build({
    entryPoints: [
      ...files.map((file) => ({ in: join(functions, file), out: basename(file, ".ts") })),
      ...besideEntries(root),
    ],
    outdir: out,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    // Stacks in the log then name our functions, at the cost of a few hundred bytes.
    keepNames: true,
    platform: "node",
    target: "node20",
    // SCF takes CommonJS entries only.
    format: "cjs",
    // `require` loads a file beside the function faster than `import()` does.
    supported: { "dynamic-import": false },
    // ES modules can be reduced to the parts that are used. Both lines choose them.
    mainFields: ["module", "main"],
    alias: { "tencentcloud-sdk-nodejs/tencentcloud": "tencentcloud-sdk-nodejs/es" },
    // An optional native driver of pg that the project does not install.
    external: ["pg-native"],
    // Node.js sets this itself since version 21. Without it pg checks the global Response for
    // Cloudflare, which loads all of fetch: 12 ms of every cold start.
    define: { navigator: JSON.stringify({ userAgent: "Node.js" }) },
    sourcemap: "external",
    legalComments: "none",
    plugins: [beside, checksAhead, leftOut],
    logLevel: "warning",
  });
  return [...files.map((file) => basename(file, ".ts")), ...BESIDE].sort();
}
