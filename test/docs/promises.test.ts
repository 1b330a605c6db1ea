/** Each line of the table in docs/promises.md has its tests in test/ingest/promises.test.ts. */
import { expect, test } from "@jest/globals";
import { readText } from "./prose-files.js";

/** The first cell of each line, and the names of its tests. */
const TESTED: Readonly<Record<string, readonly string[]>> = {
  "nothing fails": [
    "while nothing fails, every ingest is stopped within a second of its deadline",
    "while nothing fails, 99 of 100 ends come within 250 ms",
  ],
  "another caller of the account has a crowd of starts or deadlines": [
    "a stop due 300 ms after another caller's 200 deadlines is about a second late at most",
    "a start during another caller's 600 starts is not refused, and leaves within about a second",
  ],
  "an instance is killed while it holds claims": [
    "a run takes over the claims of a killed instance, and stops at most 11 s late",
    "after every instance was killed, the next run stops what is due once the claims of 10 s are over",
  ],
  "TRTC refuses every stop for a minute": [
    "after TRTC refused every stop for a minute, a stop happens within 16 s of its first answer",
  ],
  "TRTC gives a start no answer": [
    "a start without an answer is known after the next run of reconcile-ingests",
    "a start without an answer and without a ClientToken is taken back by the next run",
  ],
  "the instance that started it was killed": [
    "a start whose instance was killed is known after its lease of 35 s and one interval",
  ],
  "TRTC gives no answer to any attempt": [
    "a start that TRTC never answers is taken back after ten minutes",
  ],
  "a lost start is carried out after all": [
    "a lost start that TRTC carries out while its ingest plays is gone with the ingest",
    "a lost start that TRTC carries out after the end loses its robot 6 minutes after it was sent",
  ],
  "every function of ours is gone": [
    "without our functions, a loop ends at TRTC's cap, a file ends when it is played, and a live source plays on",
  ],
};

test("the table of docs/promises.md has a row for each list of tests here", () => {
  const rows = [...readText("docs/promises.md").matchAll(/^\| (?!when |---)(.+?) \|/gm)];
  expect(rows.map(([, when]) => when)).toEqual(Object.keys(TESTED));
});

test.each(Object.entries(TESTED))("the tests of this promise exist: %s", (_, names) => {
  const suite = readText("test/ingest/promises.test.ts");
  const missing = names.filter((name) => !suite.includes(`test("${name}"`));
  expect(missing).toEqual([]);
});
