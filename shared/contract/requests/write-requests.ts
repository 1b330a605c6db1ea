/** `npm run requests`: makes the ready requests of openapi.json, or reports which are stale. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runFileCommand } from "../file-command.js";
import type { OpenApiDocument } from "./read-document.js";
import { requestFiles } from "./request-files.js";

const USAGE = `Usage: npm run requests [-- [--check] [FOLDER]]

Makes ready requests of openapi.json in FOLDER (requests): a .http file, a Bruno collection and a
Postman collection.

  --check  write nothing; exit with 1 when a file is stale
  --help   this text
`;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

process.exitCode = runFileCommand({
  usage: USAGE,
  usualPath: join(ROOT, "requests"),
  write,
  staleIn,
  command: "npm run requests",
});

function write(folder: string): void {
  const files = madeFiles();
  for (const path of surplusIn(folder, files)) rmSync(join(folder, path));
  for (const [path, made] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), made);
  }
}

function staleIn(folder: string): string[] {
  const files = madeFiles();
  const changed = [...files].filter(([path, text]) => readIfThere(join(folder, path)) !== text);
  const stale = [...changed.map(([path]) => path), ...surplusIn(folder, files)];
  return stale.map((path) => join(folder, path));
}

function madeFiles(): Map<string, string> {
  const text = readFileSync(join(ROOT, "openapi.json"), "utf8");
  return requestFiles(JSON.parse(text) as OpenApiDocument);
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Requests of actions that are gone. Environments are people's own, with the exception of one. */
function surplusIn(folder: string, files: ReadonlyMap<string, string>): string[] {
  const bruno = join(folder, "bruno");
  if (!existsSync(bruno)) return [];
  return readdirSync(bruno, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".bru") && dirname(path) !== "environments")
    .map((path) => join("bruno", path))
    .filter((path) => !files.has(path));
}
