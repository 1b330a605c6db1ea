/**
 * `npm run test:faults`: puts each fault of faults.json into a copy of the tree, one at a time. Then
 * it runs the suites that must notice the fault. `-- WORD` takes those whose file or suites hold the word,
 * `-- --list FILE` those of another list.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Fault, readFaults, withFault } from "./fault.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOT_COPIED = new Set(["node_modules", ".git", ".data", "dist", "coverage", ".serverless"]);

function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-faults-"));
  const isWanted = (path: string) =>
    !NOT_COPIED.has(basename(path)) && !basename(path).startsWith(".env");
  cpSync(ROOT, copy, { recursive: true, filter: (path) => path === ROOT || isWanted(path) });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

interface Outcome {
  numFailedTests: number;
  numPassedTests: number;
  numRuntimeErrorTestSuites: number;
}

/** Suites that cannot run notice nothing: only a test that fails counts. */
function runSuites(copy: string, suites: readonly string[]): Outcome {
  const outputFile = join(copy, "outcome.json");
  rmSync(outputFile, { force: true });
  // A test that fails may leave a server open, which would keep the process.
  const options = ["-w", "1", "--forceExit", "--json", "--outputFile", outputFile];
  const patterns = suites.map((suite) => `test/${suite}[.]test`);
  spawnSync("npm", ["run", "--silent", "jest", "--", ...options, ...patterns], {
    cwd: copy,
    stdio: "ignore",
  });
  return JSON.parse(readFileSync(outputFile, "utf8")) as Outcome;
}

function verdictOn(copy: string, fault: Fault): string {
  const path = join(copy, fault.file);
  const source = readFileSync(path, "utf8");
  try {
    writeFileSync(path, withFault(source, fault));
    const outcome = runSuites(copy, fault.suites);
    if (outcome.numRuntimeErrorTestSuites > 0) return "DOES NOT RUN";
    return outcome.numFailedTests > 0 ? "noticed" : "NOT NOTICED";
  } catch (error) {
    return `DOES NOT APPLY (${(error as Error).message})`;
  } finally {
    writeFileSync(path, source);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: "string", default: join(ROOT, "test/faults/faults.json") } },
});
const [word = ""] = positionals;
const faults = readFaults(values.list).filter(
  ({ file, suites }) => file.includes(word) || suites.some((suite) => suite.includes(word)),
);
const copy = copyTree();
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));
let unnoticed = 0;
for (const fault of faults) {
  const verdict = verdictOn(copy, fault);
  if (verdict !== "noticed") unnoticed += 1;
  const { file, find, replace } = fault;
  const change = `${find} -> ${replace || "nothing"}`.replaceAll(/\s+/g, " ");
  process.stdout.write(`${verdict}: ${file}: ${change}\n`);
}
process.stdout.write(`${faults.length - unnoticed} of ${faults.length} faults noticed\n`);
process.exitCode = unnoticed === 0 && faults.length > 0 ? 0 : 1;
