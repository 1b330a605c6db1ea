/** Lists in a form or a query, which are flat there: `Playlist.0.StreamUrl`. */
import { stringify } from "node:querystring";
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { ApiError } from "../../shared/contract/errors.js";
import { readCall } from "../../shared/runtime/read-call.js";
import { ACTIONS, SCHEMAS } from "../../shared/contract/schemas.js";
import { isObject } from "../../shared/json.js";
import { flat, FORM, get, post, signedV1 } from "../support/http/http-requests.js";
import { fittingRequests } from "../support/contract/schema-values.js";

const signer = { secretId: "AKIDbackend", secretKey: "a-secret-key-of-it" };

const start = (fields: Record<string, string>) =>
  readCall(signedV1({ Action: "StartStreamIngest", ...fields }, signer), ACTIONS).fields;

/** `Code: Message`. */
function refusalOf(fields: Record<string, string>): string {
  try {
    start(fields);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("the call was read");
}

describe("a list in a form", () => {
  test("has its items in the order of their numbers, with the types of their fields", () => {
    const numbered = Array.from({ length: 12 }, (_, index) => [
      `Playlist.${index}.StreamUrl`,
      `https://media.example/${index}.mp4`,
    ]);
    const fields = start({
      // A form is sorted by its names, so 10 comes before 2.
      ...(Object.fromEntries(numbered.sort()) as Record<string, string>),
      "Playlist.10.PlaySeconds": "90",
      "Playlist.2.Title": "7",
      "Playlist.2.Tempo": "1.25",
      RoomId: "8489",
    });

    const items = Array.from({ length: 12 }, (_, index) => ({
      StreamUrl: `https://media.example/${index}.mp4`,
      ...(index === 10 && { PlaySeconds: 90 }),
      ...(index === 2 && { Title: "7", Tempo: 1.25 }),
    }));
    expect(fields).toEqual({ RoomId: "8489", Playlist: items });
  });

  test("leaves out the fields of an item that are empty", () => {
    const fields = start({ "Playlist.0.StreamUrl": "https://a.example", "Playlist.0.Title": "" });
    expect(fields).toEqual({ Playlist: [{ StreamUrl: "https://a.example" }] });
  });

  test("keeps 100 items with every field", () => {
    const item = { StreamUrl: "u", Title: "t", SeekSecond: 1, PlaySeconds: 2, RepeatNum: 3 };
    const Playlist = Array.from({ length: 100 }, () => ({ ...item, Volume: 4, Tempo: 1 }));
    const sent = stringify({
      ...Object.fromEntries(flat({ Playlist })),
      Action: "StartStreamIngest",
      Signature: "x",
    });
    expect(readCall(post(sent, { "content-type": FORM }), ACTIONS).fields).toEqual({ Playlist });
  });

  test.each([
    ["Playlist.1.StreamUrl"],
    ["Playlist.-1.StreamUrl"],
    ["Playlist.00.StreamUrl"],
    ["Playlist.9999999999.StreamUrl"],
    ["Playlist.__proto__.StreamUrl"],
    ["Playlist.StreamUrl"],
    ["Playlist.0"],
    ["Playlist.0."],
    ["Playlist."],
  ])("is refused with an item called %s alone", (name) => {
    expect(refusalOf({ [name]: "https://a.example" })).toBe(
      "InvalidParameterValue: Playlist has an item without its number: count the items from 0, as in Playlist.0.StreamUrl.",
    );
  });

  test.each([["Colour.0.StreamUrl"], ["RoomId.0"], ["constructor.0.a"], ["__proto__.0.a"], [".0"]])(
    "is none where no list is known: %s stays a name, which is refused later",
    (name) => {
      expect(Object.entries(start({ [name]: "a" }))).toEqual([[name, "a"]]);
    },
  );

  test("has unknown fields of its items as they are, which are refused later", () => {
    const names = ["Colour", "constructor", "__proto__", "Title.0"];
    const sent = Object.fromEntries(names.map((name) => [`Playlist.0.${name}`, "a"]));
    const { Playlist } = start(sent) as { Playlist: object[] };
    expect(Object.keys(Playlist[0] ?? {}).sort()).toEqual([...names].sort());
  });
});

describe("a list of texts in a form", () => {
  const create = (fields: Record<string, string>) =>
    readCall(signedV1({ Action: "CreateIngestSchedule", ...fields }, signer), ACTIONS).fields;

  test("has its items in the order of their numbers", () => {
    expect(create({ "ExcludeDates.1": "2026-12-25", "ExcludeDates.0": "2026-12-24" })).toEqual({
      ExcludeDates: ["2026-12-24", "2026-12-25"],
    });
  });

  test("stands beside lists inside of an object", () => {
    const fields = create({
      "Windows.0.Recurrence": "0 9 * * 1-5",
      "Windows.0.DurationSeconds": "3600",
      "Ingest.SdkAppId": "1400000000",
      "Ingest.KeepAlive": "false",
      "Ingest.Playlist.0.StreamUrl": "https://a.example",
      "Ingest.Playlist.0.PlaySeconds": "60",
    });
    expect(fields).toEqual({
      Windows: [{ Recurrence: "0 9 * * 1-5", DurationSeconds: 3600 }],
      Ingest: {
        SdkAppId: 1400000000,
        KeepAlive: false,
        Playlist: [{ StreamUrl: "https://a.example", PlaySeconds: 60 }],
      },
    });
  });

  test.each([["ExcludeDates.1"], ["ExcludeDates.a"], ["ExcludeDates.0.1"], ["ExcludeDates."]])(
    "is refused with an item called %s alone",
    (name) => {
      expect(() => create({ [name]: "2026-12-24" })).toThrow(
        "ExcludeDates has an item without its number: count the items from 0, as in ExcludeDates.0.",
      );
    },
  );
});

test("a number of 16 digits is exact in a form, as far as JSON has it exact", () => {
  const form = { Action: "UpdateStreamIngest", TaskId: "a", Sequence: "9007199254740991" };
  expect(readCall(get(form), ACTIONS).fields).toMatchObject({ Sequence: 9007199254740991 });
});

/** A form has no empty list or item, and an empty text means that the field is not set. */
const hasEmpty = (value: unknown): boolean =>
  isObject(value) || Array.isArray(value)
    ? Object.values(value).length === 0 || Object.values(value).some(hasEmpty)
    : value === "";

test.each(ACTIONS)("every request of %s means the same in a form as in JSON", (action) => {
  fc.assert(
    fc.property(fittingRequests(SCHEMAS[action].cn), (fields) => {
      // Refused under this signature, which cannot tell it from the next field.
      fc.pre(!JSON.stringify(fields).includes("&"));
      fc.pre(!hasEmpty(fields));
      const form = { ...Object.fromEntries(flat(fields)), Action: action, Signature: "x" };
      const sent = post(stringify(form), { "content-type": FORM });
      expect(readCall(sent, ACTIONS).fields).toEqual(fields);
      expect(readCall(get(form), ACTIONS).fields).toEqual(fields);
    }),
  );
});
