/** The fields of a call: unchanged from JSON, converted to their types from a form or a query. */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import type { HttpRequest } from "../../shared/runtime/http-event.js";
import { type ReadCall, readCall } from "../../shared/runtime/read-call.js";
import { ACTIONS } from "../../shared/contract/schemas.js";
import { FORM, get, post, signedV1 } from "../support/http/http-requests.js";

const signer = { secretId: "AKIDbackend", secretKey: "a-secret-key-of-it" };

/** `Code: Message` of the refusal. Throws when there is none. */
function refusalOfStop(request: HttpRequest): string {
  try {
    stop(request);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("the call was read");
}

const stop = (request: HttpRequest): ReadCall => readCall(request, ["StopStreamIngest"]);
const BROKEN = /^InvalidParameter\.BodyParamsError: /;

describe("a ClientToken under the older signature", () => {
  const fields = { RoomId: "1", StreamUrl: "https://a.example/v.mp4?a=1&b=2" };
  const start = (ClientToken: string) =>
    readCall(signedV1({ Action: "StartStreamIngest", ...fields, ClientToken }, signer), [
      "StartStreamIngest",
    ]);

  test("may not hold an &, which could move text between fields of a captured start", () => {
    expect(() => start("order-1&Language=en-US")).toThrow(/ClientToken holds an &/);
    expect(start("order-1").fields).toEqual({ ...fields, ClientToken: "order-1" });
  });
});

describe("in a form with the older signature, which encodes nothing,", () => {
  const fields = {
    Action: "StartStreamIngest",
    RoomId: "1",
    MaxDuration: "5",
    ClientToken: "b3JkZXI=",
    StreamUrl: "https://a.example/v.mp4",
  };
  const read = (parameters: Record<string, string>) =>
    readCall(signedV1(parameters, signer), ["StartStreamIngest"]).fields;

  test.each([
    ["ClientToken=b3JkZXI", ""],
    ["ClientToken=order&MaxDuration", ""],
    ["Action&RoomId", "1"],
    ["", "x"],
  ])("a field's name cannot be %j, which may be read as a name and a value", (name, value) => {
    expect(() => read({ ...fields, [name]: value })).toThrow(/^There is a field whose name/);
  });

  test.each(["Language", "RequestClient", "SignatureMethod", "Token", "Region"])(
    "%s cannot contain the next field",
    (name) => {
      expect(() => read({ ...fields, [name]: "a&MaxDuration=9" })).toThrow(`${name} holds an &`);
    },
  );

  test("what a field that was not set may look like stays out", () => {
    expect(read({ ...fields, UserId: "", Later: "" })).toMatchObject({ MaxDuration: 5 });
    expect(read({ ...fields, UserId: "", Later: "" })).not.toHaveProperty("Later");
  });
});

describe("fields in JSON", () => {
  test("are taken as they are, whatever their types", () => {
    const fields = { TaskId: 7, SdkAppId: "1600000000", Extra: [null, { a: true }], Action: "x" };
    expect(stop(post(JSON.stringify(fields))).fields).toEqual(fields);
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON;charset=UTF-8",
    " application/json ",
  ])("may call their type %j", (type) => {
    expect(stop(post('{"TaskId":"a"}', { "content-type": type })).fields).toEqual({ TaskId: "a" });
  });

  test.each([
    "text/plain",
    "application/jsonp",
    "text/json",
    "multipart/form-data; boundary=x",
    "",
  ])("may not call it %j", (type) => {
    expect(refusalOfStop(post("{}", { "content-type": type }))).toBe(
      "InvalidParameter.BodyParamsError: The body has the wrong type: send JSON with the header Content-Type: application/json.",
    );
  });

  test("are refused in an unsigned form, and so is JSON that calls itself a form", () => {
    for (const body of ["TaskId=task", '{"TaskId":"task"}']) {
      expect(refusalOfStop(post(body, { "content-type": FORM }))).toMatch(
        /The body has the wrong type/,
      );
    }
  });

  test("may be an empty body, without a content type", () => {
    expect(stop(post("")).fields).toEqual({});
    expect(stop(post("", { "content-type": "text/plain" })).fields).toEqual({});
  });

  test.each<[string, string | Buffer]>([
    ["cut off", '{"TaskId":"ta'],
    ["two objects", "{}{}"],
    ["a comma too many", '{"TaskId":"task",}'],
    ["single quotes", "{'TaskId':'task'}"],
    ["NaN", '{"Volume":NaN}'],
    ["a comment", "{} // done"],
    ["only a space", " "],
    ["a line break inside a text", '{"TaskId":"a\nb"}'],
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["UTF-8 that is cut off", Buffer.from('{"TaskId":"任"}').subarray(0, 12)],
    ["UTF-16", Buffer.from('{"TaskId":"a"}', "utf16le")],
    ["half of a surrogate pair in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])("that are broken are refused: %s", (_, body) => {
    expect(refusalOfStop(post(body))).toMatch(BROKEN);
  });

  test.each(["null", "[]", '[{"TaskId":"a"}]', '"TaskId"', "7", "true"])(
    "that are no object are refused: %s",
    (body) => {
      expect(refusalOfStop(post(body))).toMatch(BROKEN);
    },
  );

  test("may begin with a byte order mark, as some editors leave it", () => {
    expect(stop(post('\ufeff{"TaskId":"a"}')).fields).toEqual({ TaskId: "a" });
  });

  test("use the last value of a repeated name", () => {
    expect(stop(post('{"TaskId":"a","TaskId":"b"}')).fields).toEqual({ TaskId: "b" });
  });

  test("named like a prototype are ordinary fields, and change no object", () => {
    const { fields } = stop(post('{"__proto__":{"TaskId":"a"},"constructor":{"prototype":1}}'));
    expect(Object.keys(fields)).toEqual(["__proto__", "constructor"]);
    expect(fields["TaskId"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["TaskId"]).toBeUndefined();
  });

  test("nested as deep as a body allows do no harm", () => {
    const depth = 200_000;
    const body = `{"TaskId":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(Object.keys(stop(post(body)).fields)).toEqual(["TaskId"]);
  });
});

describe("fields in a signed form or a query, which know only text", () => {
  const start = (fields: Record<string, string>) =>
    readCall(signedV1({ Action: "StartStreamIngest", ...fields }, signer), ACTIONS).fields;

  test.each([
    ["SdkAppId", "1600000000", 1600000000],
    ["RepeatNum", "-1", -1],
    ["Tempo", "1.25", 1.25],
    ["Volume", "0", 0],
    ["AutoPush", "true", true],
    ["AutoPush", "False", false],
    ["EnableProgress", "TRUE", true],
    ["AutoPush", "1", true],
    ["AutoPush", "0", false],
    ["AutoPush", "", false],
    ["RoomId", "8489", "8489"],
    ["RoomId", "true", "true"],
    ["StreamUrl", "https://media.example/?a=1&b=2+3", "https://media.example/?a=1&b=2+3"],
  ])("%s=%s is read as its field's type", (name, text, expected) => {
    expect(start({ [name]: text })).toEqual({ [name]: expected });
  });

  test.each([
    ["Volume", "loud"],
    ["Volume", "1e2"],
    ["Volume", "0x10"],
    ["Volume", " 5"],
    ["Volume", "5 "],
    ["Volume", "+5"],
    ["Volume", "5."],
    ["Volume", "9007199254740992"],
    ["Volume", "00000000000000007"],
    ["Volume", "Infinity"],
    ["Volume", "true"],
    ["AutoPush", "yes"],
    ["AutoPush", "2"],
    ["AutoPush", " "],
    ["RoomIdType", "true"],
    ["Colour", "7"],
    ["constructor", "7"],
    ["__proto__", "7"],
  ])("%s=%s stays a text, which the check of the field refuses later", (name, text) => {
    const fields = start(Object.fromEntries([[name, text]]));
    expect(Object.entries(fields)).toEqual([[name, text]]);
  });

  test("count as absent when they are empty, since the SDKs send those too", () => {
    expect(start({ RoomId: "8489", UserId: "", Volume: "", Colour: "" })).toEqual({
      RoomId: "8489",
    });
  });

  test("do not include the parameters of the signature", () => {
    const common = { Region: "ap-singapore", Token: "t", Language: "en-US", RequestClient: "SDK" };
    expect(start({ ...common, RoomId: "8489" })).toEqual({ RoomId: "8489" });
  });

  test("use the last value of a repeated name", () => {
    const body = Buffer.from("Signature=x&Action=StopStreamIngest&TaskId=a&TaskId=b");
    expect(stop(post(body, { "content-type": FORM })).fields).toEqual({ TaskId: "b" });
  });

  test("are those of the query when the method is GET, whatever its body says", () => {
    const request = { ...get({ TaskId: "a" }), body: Buffer.from('{"TaskId":"b"}') };
    expect(stop(request).fields).toEqual({ TaskId: "a" });
  });
});
