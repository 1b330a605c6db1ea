/** Builds the deployed functions in dist/: one file each, and one zip with all. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "./bundle.js";
import { zipOf } from "./zip.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The uploaded file. serverless.yml and serverless.aws.yml name it as their artifact. */
export const ZIP_FILE = join(ROOT, "dist", "functions.zip");

export interface BuiltFunctions {
  /** By `<name>.js`. */
  files: ReadonlyMap<string, Uint8Array>;
  zip: Uint8Array;
}

/**
 * Writes each file elsewhere and then moves it into place. Another build or deployment therefore
 * always reads complete files.
 */
export async function buildFunctions(): Promise<BuiltFunctions> {
  const dist = join(ROOT, "dist");
  await mkdir(join(dist, "functions"), { recursive: true });
  const workshop = await mkdtemp(join(dist, "build-"));
  try {
    const names = await bundleFunctions({ root: ROOT, out: workshop });
    const builtFiles = await readdir(workshop);
    const files = new Map<string, Uint8Array>();
    for (const name of names) files.set(`${name}.js`, await readFile(join(workshop, `${name}.js`)));
    const zip = zipOf(files);
    await writeFile(join(workshop, "functions.zip"), zip);
    for (const file of builtFiles)
      await rename(join(workshop, file), join(dist, "functions", file));
    await rename(join(workshop, "functions.zip"), ZIP_FILE);
    await removeOthers(join(dist, "functions"), builtFiles);
    return { files, zip };
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Removes files of functions that no longer exist. */
async function removeOthers(folder: string, files: readonly string[]): Promise<void> {
  const others = (await readdir(folder)).filter((file) => !files.includes(file));
  for (const file of others) await rm(join(folder, file), { recursive: true, force: true });
}
