/** The console's texts: both languages say the same, and every value of the API has a word. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { OCCURRENCE_REASONS } from "../../shared/contract/schedules/answers.js";
import { CUT_REASONS } from "../../shared/store/schedules/schedule-row.js";
import { ACTOR_KINDS, EVENT_TYPES } from "../../shared/contract/timeline.js";
import { END_REASONS, MEDIA_STATES, STATES } from "../../shared/contract/schemas.js";
import { SOURCES } from "../../shared/contract/programme-answers.js";
import {
  SCHEDULE_SETTINGS,
  SHOWN_OCCURRENCE_STATES,
} from "../../shared/contract/schedules/fields.js";
import { EN } from "../../console/words/en.js";
import { ZH } from "../../console/words/zh.js";
import { fieldOf } from "../../console/pages/start/refusal.js";

const placesIn = (text: string): string[] =>
  [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

const KEYS = Object.keys(EN) as (keyof typeof EN)[];

test("both languages have the same keys", () => {
  expect(Object.keys(ZH)).toEqual(KEYS);
});

test.each(KEYS)("%s has the same values in both languages, and no empty text", (key) => {
  expect(placesIn(ZH[key])).toEqual(placesIn(EN[key]));
  expect(EN[key].trim()).not.toBe("");
  expect(ZH[key].trim()).not.toBe("");
});

/** What stands at an occurrence: a word for it, or the word of the end of its ingest. */
test("every reason of an occurrence has a word", () => {
  const known = (reason: string) =>
    ["why", "reason"].some((prefix) => Object.hasOwn(EN, `${prefix}.${reason}`));
  expect(OCCURRENCE_REASONS.filter((reason) => !known(reason))).toEqual([]);
  expect(OCCURRENCE_REASONS).toEqual(expect.arrayContaining([...CUT_REASONS]));
});

/** Files of the page, as one text. */
async function sources(): Promise<string> {
  const root = fileURLToPath(new URL("../../console/", import.meta.url));
  const names = await readdir(root, { recursive: true });
  const files = names.filter((name) => name.endsWith(".ts") && !name.startsWith("words"));
  return (await Promise.all(files.map((name) => readFile(root + name, "utf8")))).join("\n");
}

test("every text is used", async () => {
  const text = await sources();
  const unused = KEYS.filter((key) => {
    const [prefix] = key.split(".");
    const isBuilt = text.includes(`label("${prefix}"`) || text.includes(`\`${prefix}.\${`);
    return !isBuilt && !text.includes(`"${key}"`);
  });
  expect(unused).toEqual([]);
});

test.each<[prefix: string, values: readonly string[]]>([
  ["state", STATES],
  ["reason", END_REASONS],
  ["media", MEDIA_STATES],
  ["event", EVENT_TYPES],
  ["actor", ACTOR_KINDS],
  ["occurrence", [...SHOWN_OCCURRENCE_STATES, ...SCHEDULE_SETTINGS]],
  ["source", SOURCES],
])("every %s has a word", (prefix, values) => {
  expect(values.filter((value) => !Object.hasOwn(EN, `${prefix}.${value}`))).toEqual([]);
});

describe("a refusal stands at the field that it names", () => {
  const names = ["SdkAppId", "RoomId", "StreamUrl", "MaxDuration", "UserId"];

  test.each([
    ["InvalidParameter.RoomId", "RoomId is no 32-bit integer.", "RoomId"],
    ["InvalidParameter.StrRoomId", "The room is wrong.", "RoomId"],
    ["MissingParameter", "MaxDuration is missing.", "MaxDuration"],
    ["InvalidParameterValue", "Playlist.1.StreamUrl is no URL.", "StreamUrl"],
    ["UnauthorizedOperation.SdkAppId", "Not yours.", "SdkAppId"],
    ["FailedOperation.TaskExist", "UserId already plays.", undefined],
    ["InvalidParameter", "Something is wrong.", undefined],
  ])("%s: %s", (code, message, name) => {
    expect(fieldOf({ code, message }, names)).toBe(name);
  });
});
