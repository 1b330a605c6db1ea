/** `npm run build:server`: the functions as one server in one file, which needs Node.js only. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { patternEngine } from "./beside.js";
import { COMMON_OPTIONS } from "./bundle.js";
import { checksAhead } from "./checks-ahead.js";
import { consolePage } from "./console-page.js";
import { leftOut } from "./left-out.js";
import { out, runMain } from "../../local/terminal/terminal.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const HELP = `Bundles the server of \`npm run serve\` in one file, for a machine or a container with Node.js only.

  npm run build:server

  dist/server/serve.mjs   node dist/server/serve.mjs [--migrate]; it reads serverless.yml two folders up
`;

/** CommonJS modules in an ES module still call `require`. */
const REQUIRE = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;

/** Any folder two below the one with serverless.yml. */
export async function buildServer(folder: string): Promise<void> {
  await build({
    ...COMMON_OPTIONS,
    entryPoints: [join(ROOT, "server", "serve.ts")],
    outfile: join(folder, "serve.mjs"),
    absWorkingDir: ROOT,
    format: "esm",
    banner: { js: REQUIRE },
    sourcemap: "linked",
    plugins: [patternEngine, checksAhead(), consolePage, leftOut],
  });
}

async function main(): Promise<void> {
  if (process.argv.slice(2).some((flag) => flag === "--help" || flag === "-h")) {
    out(HELP);
    return;
  }
  const folder = join(ROOT, "dist", "server");
  await buildServer(folder);
  out("dist/server/serve.mjs is ready: node dist/server/serve.mjs --help");
}

runMain(main);
