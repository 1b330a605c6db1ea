/** `npm run openapi`: writes the OpenAPI document, or reports that the file is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runFileCommand } from "../file-command.js";
import { openApiText } from "./openapi.js";

const USAGE = `Usage: npm run openapi [-- [--check] [FILE]]

Writes the contract as an OpenAPI 3.1 document to FILE (openapi.json).

  --check  write nothing; exit with 1 when FILE is stale
  --help   this text
`;

process.exitCode = runFileCommand({
  usage: USAGE,
  usualPath: fileURLToPath(new URL("../../../openapi.json", import.meta.url)),
  write: (file) => writeFileSync(file, openApiText()),
  staleIn: (file) =>
    existsSync(file) && readFileSync(file, "utf8") === openApiText() ? [] : [file],
  command: "npm run openapi",
});
