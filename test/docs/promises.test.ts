/** Each line of the table in docs/promises.md has its tests in test/ingest/promises.test.ts. */
import { expect, test } from "@jest/globals";
import { readText } from "./prose-files.js";

/** The first cell of each line, and how the names of its tests begin. */
const TESTED: Readonly<Record<string, readonly string[]>> = {
  "nothing fails": [
    "nothing failing: every ingest is stopped on its second",
    "nothing failing: 99 of 100 ends come within 250 ms",
  ],
  "another caller of the account has a crowd of starts or deadlines": [
    "of 200 deadlines makes one stop a second late",
    "of 600 starts refuses no start of another",
  ],
  "an instance is killed while it holds claims": [
    "an instance killed with its claims in hand: 11 s",
    "every instance killed: the next tick",
  ],
  "TRTC refuses every stop for a minute": ["TRTC refusing every stop for a minute: 16 s"],
  "TRTC gives a start no answer": [
    "a start without an answer is known within a tick",
    "one that nobody can send again is taken back",
  ],
  "the instance that started it was killed": ["one whose instance was killed: its lease of 35 s"],
  "TRTC gives no answer to any attempt": ["one that TRTC never answers is taken back"],
  "a lost start is carried out after all": [
    "a lost start that is carried out after all, beside its ingest",
    "a lost start that is carried out after its end",
  ],
  "every function of ours is gone": ["every function of ours gone: a loop ends at TRTC's cap"],
};

test("the table of docs/promises.md has a row for each list of tests here", () => {
  const rows = [...readText("docs/promises.md").matchAll(/^\| (?!when |---)(.+?) \|/gm)];
  expect(rows.map(([, when]) => when)).toEqual(Object.keys(TESTED));
});

test.each(Object.entries(TESTED))("the tests of this promise exist: %s", (_, names) => {
  const suite = readText("test/ingest/promises.test.ts");
  const missing = names.filter((name) => !suite.includes(`test("${name}`));
  expect(missing).toEqual([]);
});
