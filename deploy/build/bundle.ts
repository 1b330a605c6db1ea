/** One minified CommonJS file per function, and some that they load on demand. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { BESIDE, beside, besideEntries, patternEngine } from "./beside.js";
import { checksAhead } from "./checks-ahead.js";
import { checksOf } from "./checks-needed.js";
import { consolePage } from "./console-page.js";
import { leftOut } from "./left-out.js";
import { withoutWords } from "./without-words.js";

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
  const names = files.map((file) => basename(file, ".ts"));
  const entries = names.map((name) => ({ in: join(functions, `${name}.ts`), out: name }));
  // Functions with the same checks are built together.
  const checks = new Set(names.map((name) => JSON.stringify(checksOf(name))));
  const ofFunctions = [...checks].map((key) => ({
    entryPoints: entries.filter((entry) => JSON.stringify(checksOf(entry.out)) === key),
    checks: JSON.parse(key) as string[],
  }));
  const groups = [...ofFunctions, { entryPoints: besideEntries(root), checks: [] }];
  await Promise.all(
    groups.map((group) =>
      build({
        ...OPTIONS,
        outdir: out,
        absWorkingDir: root,
        entryPoints: group.entryPoints,
        plugins: [
          beside,
          patternEngine,
          checksAhead(group.checks),
          consolePage,
          leftOut,
          withoutWords,
        ],
      }),
    ),
  );
  return [...names, ...BESIDE].sort();
}

/** For the functions, and for all of them as one server. */
export const COMMON_OPTIONS = {
  bundle: true,
  minify: true,
  // Stacks in the log then name our functions, at the cost of a few hundred bytes.
  keepNames: true,
  platform: "node",
  target: "node20",
  // ES modules can be reduced to the parts that are used. Both lines choose them.
  mainFields: ["module", "main"],
  alias: { "tencentcloud-sdk-nodejs/tencentcloud": "tencentcloud-sdk-nodejs/es" },
  // An optional native driver of pg that the project does not install.
  external: ["pg-native"],
  // Node.js sets this itself since version 21. Without it pg checks the global Response for
  // Cloudflare, which loads all of fetch: 12 ms of every cold start.
  define: { navigator: JSON.stringify({ userAgent: "Node.js" }) },
  legalComments: "none",
  logLevel: "warning",
} satisfies BuildOptions;

const OPTIONS = {
  ...COMMON_OPTIONS,
  // SCF takes CommonJS entries only.
  format: "cjs",
  // `require` loads a file beside the function faster than `import()` does.
  supported: { "dynamic-import": false },
  sourcemap: "external",
} satisfies BuildOptions;
