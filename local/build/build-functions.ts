/** The functions as they are deployed, in dist/: one file each, and one zip of them all. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "./bundle.js";
import { zipOf } from "./zip.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is uploaded; serverless.yml and serverless.aws.yml name it as their artifact. */
export const ZIP_FILE = join(ROOT, "dist", "functions.zip");

export interface BuiltFunctions {
  /** By `<name>.js`. */
  files: ReadonlyMap<string, Uint8Array>;
  zip: Uint8Array;
}

export async function buildFunctions(): Promise<BuiltFunctions> {
  const out = join(ROOT, "dist", "functions");
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const names = await bundleFunctions({ root: ROOT, out });
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(`${name}.js`, await readFile(join(out, `${name}.js`)));
  const zip = zipOf(files);
  await writeFile(ZIP_FILE, zip);
  return { files, zip };
}
