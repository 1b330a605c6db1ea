/** shared/store/statements.sql shows every statement of the store as the database receives it. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import type { Database } from "../../../shared/store/engine/database.js";
import { createStore } from "../../../shared/store/store.js";
import { recordedStatements } from "./recorded.js";
import { samplesOf } from "./samples.js";
import { STATEMENTS_FILE, statementsText } from "./statements-file.js";

const STORE = fileURLToPath(new URL("../../../shared/store/", import.meta.url));

test("statements.sql is up to date: otherwise run `npm run sql`", async () => {
  expect(readFileSync(STATEMENTS_FILE, "utf8")).toBe(await statementsText());
});

test("every operation of the store has a sample", () => {
  const unused = () => Promise.reject(new Error("no statement is sent"));
  const database: Database = { query: unused, transaction: unused, close: unused };
  const sampled = new Set(Object.keys(samplesOf(database)).map((name) => name.split(",")[0]));
  const operations = operationsOf(createStore(database));
  expect(operations.filter((name) => !sampled.has(name))).toEqual([]);
});

test("every place in the store that sends a statement has sent one", async () => {
  const recorded = (await recordedStatements()).map(({ stack }) => stack).join("\n");
  const sent = new Set(
    [...recorded.matchAll(/shared\/store\/([\w/-]+\.ts):(\d+)/g)].map(
      ([, file, line]) => `${file}:${line}`,
    ),
  );
  expect(sendingPlaces().filter((place) => !sent.has(place))).toEqual([]);
});

test("no statement numbers a parameter by hand", () => {
  const numbered = sources().filter(
    ({ file, text }) => !file.startsWith("schema/migrations/") && /\$\d/.test(text),
  );
  expect(numbered.map(({ file }) => file)).toEqual([]);
});

/** `outbox.claim` for an operation of a part. Waiting and closing send nothing. */
function operationsOf(part: object, prefix = ""): string[] {
  return Object.entries(part).flatMap(([name, value]) => {
    if (["ready", "close", "by"].includes(name)) return [];
    return typeof value === "function"
      ? [`${prefix}${name}`]
      : operationsOf(value as object, `${prefix}${name}.`);
  });
}

function sources(): { file: string; text: string }[] {
  return readdirSync(STORE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, text: readFileSync(`${STORE}${file}`, "utf8") }));
}

/** File and line of each call that sends a statement. */
function sendingPlaces(): string[] {
  return sources()
    .filter(({ file }) => !file.startsWith("engine/"))
    .flatMap(({ file, text }) =>
      text.split("\n").flatMap((line, index) => {
        const isSending = /\bawait run\(|\bawait query\(/.test(line);
        return isSending ? [`${file}:${index + 1}`] : [];
      }),
    );
}
