/** `.env`, as all our commands read it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkEnvFile } from "../../deploy/plugin/checks/env-file-check.js";
import { withEnvFile } from "../../local/environment/env-file.js";

const before = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "env-file-"));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

test("a .env file adds unset variables, JSON in single quotes included, and changes no set one", () => {
  writeFileSync(".env", `# a comment\nCALLERS='[{"Id":"a b"}]'\nDATABASE_URL=postgres://file/x\n`);
  expect(withEnvFile({ DATABASE_URL: "postgres://shell/x" })).toEqual({
    CALLERS: '[{"Id":"a b"}]',
    DATABASE_URL: "postgres://shell/x",
  });
});

test("a .env file may begin with a byte-order mark, which the Serverless CLI drops too", () => {
  writeFileSync(".env", "\ufeffDATABASE_URL='postgres://u:pa$word@h/db'\r\nPORT=1\r\n");
  expect(withEnvFile({})).toEqual({ DATABASE_URL: "postgres://u:pa$word@h/db", PORT: "1" });
  expect(() => {
    checkEnvFile({ DATABASE_URL: "postgres://u:pa@h/db", PORT: "1" }, "prod");
  }).toThrow("DATABASE_URL holds a $");
});

test("a .env file may be missing, unless a flag names it", () => {
  expect(withEnvFile({ PORT: "1" })).toEqual({ PORT: "1" });
  expect(() => withEnvFile({}, "other.env")).toThrow("the file other.env does not exist");
});

test("a .env file is refused where the Serverless CLI would read it differently", () => {
  const url = "postgres://u:pa$word1@h/db";
  writeFileSync(".env", `DATABASE_URL='${url}'\nPORT=1\n`);
  // The CLI takes `$word1` for a variable that is not set.
  const expanded = { DATABASE_URL: "postgres://u:pa@h/db", PORT: "1" };
  expect(() => {
    checkEnvFile(expanded, "prod");
  }).toThrow("DATABASE_URL holds a $");
  expect(() => {
    checkEnvFile({ DATABASE_URL: url, PORT: "1" }, "prod");
  }).not.toThrow();
  writeFileSync(".env.prod", "");
  expect(() => {
    checkEnvFile({ DATABASE_URL: url, PORT: "1" }, "prod");
  }).toThrow(".env.prod");
});

test.each([
  ["CALLERS", '[{"SecretKeys":["a${b}c"]}]'],
  ["CALLERS", '[{"SecretKeys":["${env:HOME}"]}]'],
  ["TRTC_APPS", '[{"SecretKey":"${"}]'],
  ["DATABASE_URL", "postgres://u:p${x}@h/db"],
])(
  "a .env file is refused when the Serverless CLI would replace a part of %s: %s",
  (name, value) => {
    for (const ofFile of [true, false]) {
      if (ofFile) writeFileSync(".env", `${name}='${value}'\n`);
      else rmSync(".env", { force: true });
      expect(() => {
        checkEnvFile({ [name]: value }, "prod");
      }).toThrow(
        /^(CALLERS|TRTC_APPS|DATABASE_URL) holds \$\{.*write \\u0024 for the \$ in JSON, or %24/,
      );
    }
  },
);

test("a .env file may hold a $ in the escaped form of JSON or a URL", () => {
  const written = {
    CALLERS: '[{"SecretKeys":["a\\u0024{b}c"]}]',
    DATABASE_URL: "postgres://u:p%24@h/x",
  };
  expect(JSON.parse(written.CALLERS)).toEqual([{ SecretKeys: ["a${b}c"] }]);
  expect(() => {
    checkEnvFile(written, "prod");
  }).not.toThrow();
});
