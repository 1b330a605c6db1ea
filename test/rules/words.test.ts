/** Words that only the first builders understood stay out; the standard words of the field stand instead. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { ROOT } from "../tiers/tiers.js";

const CODE = ["functions", "shared", "emulator", "local", "deploy", "ops", "cli", "bench"];
const TESTS = ["test"];
const PAGES = ["docs", "README.md", "CONTRIBUTING.md"];

/** This file has the words, a list of faults has old texts, and migrations that have run stay. */
const NOT_READ =
  /^(test\/(rules\/words[.]test[.]ts|fixtures\/)|shared\/store\/schema\/migrations\/)/;

const READ = /[.](ts|cjs|md|yml)$/;

function textsIn(path: string): { path: string; text: string }[] {
  if (READ.test(path)) {
    return NOT_READ.test(path) ? [] : [{ path, text: readFileSync(join(ROOT, path), "utf8") }];
  }
  if (/[.]\w+$/.test(path)) return [];
  return readdirSync(join(ROOT, path)).flatMap((name) => textsIn(`${path}/${name}`));
}

const EVERYWHERE = [...CODE, ...TESTS, ...PAGES];

/** Folders whose locals say what they hold. A folder joins when it is clean. */
const CLEAR_NAMES = CODE;

/** Folders whose lists stand one entry a line, without a spread that only shortens them. */
const PLAIN_LISTS = CODE;

/** Folders whose comments and messages are plain English. */
const PLAIN_WORDS = ["functions", "shared", "ops", "cli", "bench"];

test.each<[word: RegExp, instead: string, where: string[]]>([
  [/\bopenHouse\b/, "startTestApp", EVERYWHERE],
  [/\b(settler|settleStarts?|settleIngests?)\b/, "reconcile", EVERYWHERE],
  [/\bunsureUntil\b/, "lateStartUntil", EVERYWHERE],
  [/\bheardAt\b|\bheardOf\b/, "lastSeenAt", EVERYWHERE],
  [/\btellTask\b|\btoldTask\b/, "recordTaskEvent", EVERYWHERE],
  [/\baskAbout\b|\baskQuiet\b/, "checkTask, claimStaleTasks", EVERYWHERE],
  [/\bpassOver\b/, "logTrtcFailure", EVERYWHERE],
  [/\bbury\b|\bburied\b/, "addDeadLetter", EVERYWHERE],
  [/\bnoted\(/, "withOutboxEvent", EVERYWHERE],
  [/\b(EVERY_)?DOORS\b/, "FUNCTION_OF, EVERY_FUNCTION", EVERYWHERE],
  [/\bdoors?\b/i, "function", EVERYWHERE],
  [/\bunsure\b/i, "may start late", TESTS],
  [/\b(wanted|told)\b/i, "expected, declared, reported", CLEAR_NAMES],
  [/\b(const|let) (found|taken|each|of)\b/, "what the value is", CLEAR_NAMES],
  [/\b(const|let) of\b|[(,] ?of(: |\) (=>|[{]))|[.]{3}of[ ,]/, "what the value is", TESTS],
  [/\(each\b|\beach\) =>/, "a noun: task, segment", CLEAR_NAMES],
  [/[.]{3}\(?[{] /, "the fields, one a line", PLAIN_LISTS],
  [/[.]{3}\(?\[["'`]/, "the entries, one a line", PLAIN_LISTS],
  [/\b(nobody|whoever|anybody|of which)\b/i, "the subject: no instance, a caller", PLAIN_WORDS],
  [/\bto settle|\bbe settled|\bsettled starts/, "reconcile", PLAIN_WORDS],
  [/\b(It|it) was not begun\b/, "what to send instead", PLAIN_WORDS],
])("no %p: write %s", (word, _instead, where) => {
  const files = where.flatMap(textsIn).filter(({ text }) => word.test(text));

  expect(files.map(({ path }) => path)).toEqual([]);
});
