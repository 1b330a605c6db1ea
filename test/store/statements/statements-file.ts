/** The text of shared/store/statements.sql: every statement that the store sends, by its operation. */
import { recordedStatements } from "./recorded.js";

export const STATEMENTS_FILE = new URL("../../../shared/store/statements.sql", import.meta.url);

const HEADER = `-- Every statement that the store sends, recorded with sample arguments.
-- \`npm run sql\` writes this file, and a test compares it. Do not edit it by hand.
`;

export async function statementsText(): Promise<string> {
  const blocks = (await recordedStatements()).map(
    ({ name, text }) => `-- ${name}\n${tidied(text)};\n`,
  );
  return [HEADER, ...blocks].join("\n");
}

/** Without empty lines and the common indentation, which say nothing about a statement. */
function tidied(text: string): string {
  const [first = "", ...others] = text
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "");
  const indents = others.map((line) => line.length - line.trimStart().length);
  const common = Math.min(...indents);
  return [first, ...others.map((line) => line.slice(common))]
    .map((line) => line.trimEnd())
    .join("\n");
}
