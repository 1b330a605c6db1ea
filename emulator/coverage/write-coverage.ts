/** `npm run emulator:coverage`: writes emulator/COVERAGE.md, or reports that the file is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coverageText } from "./document.js";

const HELP = `Writes emulator/COVERAGE.md, the list of imitated behaviour, from the emulator's code.

  npm run emulator:coverage [-- --check]

  --check  writes nothing; exits with 1 when the page is stale
  --help
`;

const FILE = fileURLToPath(new URL("../COVERAGE.md", import.meta.url));

function main(): void {
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({ options: { check: flag, help: { ...flag, short: "h" } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (!values.check) {
    writeFileSync(FILE, coverageText());
    return;
  }
  if (existsSync(FILE) && readFileSync(FILE, "utf8") === coverageText()) return;
  throw new Error("emulator/COVERAGE.md is stale: run `npm run emulator:coverage`");
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
