/** `npm run openapi`: writes the OpenAPI document, or reports that the file is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openApiText } from "./openapi.js";

const USAGE = `Usage: npm run openapi [-- [--check] [FILE]]

Writes the contract as an OpenAPI 3.1 document to FILE (openapi.json).

  --check  write nothing; exit with 1 when FILE is stale
  --help   this text
`;

const USUAL_FILE = fileURLToPath(new URL("../../../openapi.json", import.meta.url));

process.exitCode = main();

/** Returns 0 when done, 1 when the file is stale, and 2 for a wrong command line. */
function main(): number {
  const asked = readArguments();
  if (asked === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { values, positionals } = asked;
  const [file = USUAL_FILE] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.check) return check(file);
  writeFileSync(file, openApiText());
  return 0;
}

function check(file: string): number {
  if (existsSync(file) && readFileSync(file, "utf8") === openApiText()) return 0;
  process.stderr.write(`${file} is stale: run \`npm run openapi\`.\n`);
  return 1;
}

function readArguments() {
  const options = { check: { type: "boolean" }, help: { type: "boolean" } } as const;
  try {
    const asked = parseArgs({ options, allowPositionals: true });
    return asked.positionals.length > 1 ? undefined : asked;
  } catch {
    return undefined;
  }
}
