/**
 * The script and the style of the pages. The script is TypeScript, bundled with its two players
 * when it is first asked for. So there is no build step to forget, and no copy of a library in the
 * repository. A page fetches a player only when it needs it.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

export interface Asset {
  bytes: Buffer;
  type: string;
}

const SCRIPT = "text/javascript; charset=utf-8";

const STATIC: Readonly<Record<string, string>> = {
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

const here = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

let scripts: Promise<ReadonlyMap<string, Buffer>> | undefined;

/** Undefined when the asset does not exist. */
export async function pageAsset(name: string): Promise<Asset | undefined> {
  const type = Object.hasOwn(STATIC, name) ? STATIC[name] : undefined;
  if (type !== undefined) return { bytes: readFileSync(here(`browser/${name}`)), type };
  if (!/^[\w-]+\.js$/.test(name)) return undefined;
  scripts ??= bundleScripts();
  const bytes = (await scripts).get(name);
  return bytes && { bytes, type: SCRIPT };
}

async function bundleScripts(): Promise<ReadonlyMap<string, Buffer>> {
  // Loaded on demand: an emulator without viewers does not need it.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [here("browser/room.ts"), here("browser/rooms.ts")],
    outdir: here("browser"),
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "inline",
    write: false,
    logLevel: "silent",
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)] as const),
  );
}
