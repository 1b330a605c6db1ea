/**
 * Thousands of wrong inputs of every kind through the deployed handlers. Each gets a refusal in
 * Tencent's form with a code of the table, and nothing changes.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { FUNCTION_OF } from "../support/app/functions.js";
import { openRefusals, type Refusals } from "../support/contract/refusals.js";
import {
  bodyOf,
  fieldsOf,
  rightRequests,
  type Body,
  sentTo,
  type Target,
  TARGETS,
} from "../support/contract/right-requests.js";
import { foreignValues } from "../support/contract/schema-values.js";

let refusals: Refusals;
beforeAll(async () => {
  refusals = await openRefusals();
});
afterAll(() => refusals.app.close());

describe.each(TARGETS)("$action, $site:", (target) => {
  const refused = (runs: number, bodies: () => fc.Arbitrary<Body>, code?: RegExp) =>
    refusals.expectRefused(runs, sentTo(target, bodies()), code);
  const right = () => rightRequests(target, refusals.existing);
  const texts = () => right().map((request) => JSON.stringify(request));
  const required = [...(target.schema.required ?? [])];

  test("refuses a value that does not fit its field", () => {
    const foreign = fc
      .constantFrom(...fieldsOf(target))
      .chain(([name, schema]) => fc.tuple(fc.constant(name), foreignValues(schema)));
    const wrong = () =>
      fc
        .tuple(right(), foreign)
        .map(([request, [name, value]]) => bodyOf({ ...request, [name]: value }));
    return refused(300, wrong, /^(Invalid|MissingParameter|UnauthorizedOperation\.SdkAppId)/);
  });

  test("refuses an unknown field", () => {
    const names = fc
      .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "Signature"))
      .filter((name) => !Object.hasOwn(target.schema.properties, name));
    const wrong = () =>
      fc
        .tuple(right(), names, fc.jsonValue())
        .map(([request, name, value]) =>
          bodyOf(Object.fromEntries([...Object.entries(request), [name, value]])),
        );
    return refused(100, wrong, /^UnknownParameter$/);
  });

  if (required.length > 0)
    test.each(required)("refuses a request without %s", (field) => {
      const wrong = () => right().map(({ [field]: _, ...rest }) => bodyOf(rest));
      return refused(50, wrong, /^MissingParameter/);
    });

  test("refuses a control character in a text", () => {
    // A comment may have lines.
    const names = fieldsOf(target).flatMap(([name, { type }]) =>
      type === "string" && name !== "Comment" ? [name] : [],
    );
    const control = fc
      .constantFrom(...Array.from({ length: 32 }, (_, code) => code), 0x7f)
      .map((code) => String.fromCharCode(code));
    const marks = fc.tuple(fc.constantFrom(...names), control, fc.nat({ max: 8 }));
    const wrong = () =>
      fc.tuple(right(), marks).map(([request, [name, mark, place]]) => {
        const value = request[name];
        const text = typeof value === "string" ? value : "2999-01-01T00:00:00Z";
        return bodyOf({ ...request, [name]: text.slice(0, place) + mark + text.slice(place) });
      });
    return refused(100, wrong, /^Invalid/);
  });

  test("refuses a body that is broken, of another type, or no object", () => {
    const broken = () =>
      fc.oneof<fc.Arbitrary<Body>[]>(
        fc
          .tuple(texts(), fc.nat())
          .map(([body, n]) => ({ body: body.slice(0, 1 + (n % (body.length - 1))) })),
        texts().map((body) => ({ body: `[${body}]` })),
        texts().map((body) => bodyOf(body)),
        texts().map((body) => ({ body: body + body })),
        fc
          .string({ minLength: 1 })
          .filter(isNoObject)
          .map((body) => ({ body })),
        fc.jsonValue().map((value) => bodyOf([value])),
        fc
          .tuple(texts(), fc.stringMatching(/^[a-z-]{0,9}\/?[a-z-]{0,9}$/))
          .map(([body, type]) => ({ body, headers: { "content-type": type } })),
        fc
          .tuple(texts(), fc.constantFrom(0xff, 0xc0, 0x80, 0xfe))
          .map(([body, byte]) => ({ body: Buffer.from([...Buffer.from(body), byte]) })),
        fc.uint8Array({ minLength: 1 }).map((bytes) => ({ body: Buffer.from([0, ...bytes]) })),
      );
    return refused(200, broken, /^InvalidParameter.BodyParamsError$/);
  });

  test("refuses a body that is far too deep, or too large", async () => {
    const huge = `{"RoomId":"${"r".repeat(1024 * 1024)}"}`;
    await refused(2, () => fc.constant({ body: huge }), /^RequestSizeLimitExceeded$/);
    const deep = `{"RoomId":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    await refused(2, () => fc.constant({ body: deep }), /./);
  });

  test.each([
    ["x-tc-action", ["", "Start", `${target.action}s `, "*", "constructor"], /^InvalidAction$/],
    ["x-tc-version", ["", "2019-07-23", "latest", "2019-7-22"], /^NoSuchVersion$/],
  ])("refuses an unknown value of the header %s", (name, values, code) => {
    const headers = fc.constantFrom(...values).map((value) => ({ [name]: value }));
    const wrong = () =>
      fc.tuple(texts(), headers).map(([body, different]) => ({ body, headers: different }));
    return refused(20, wrong, code);
  });
});

const isNoObject = (text: string): boolean => !text.trimStart().startsWith("{");

describe("a request that fits its schema is refused for", () => {
  const [start] = TARGETS.filter(
    ({ action, site }) => action === "StartStreamIngest" && site === "cn",
  );
  const GARBAGE = "eJwrzi9VSCrKL89LBQATRAQz";

  test.each<[what: string, code: RegExp, fields: object[]]>([
    [
      "a URL that cannot be played",
      /^InvalidParameter.StreamUrl$/,
      ["ftp://a.example/b", "file:///etc/passwd", "javascript:alert(1)", "a.mp4", "http://", "//a"]
        .concat("http://me:secret@a.example/", "http://a b/", "http:\\\\a.example", "http://[::1")
        .map((StreamUrl) => ({ StreamUrl })),
    ],
    [
      "a room of the other kind",
      /^InvalidParameter.RoomId$/,
      ["room", "0", "-1", "1.5", "4294967295", "1e3", "0x10", " 1", "99999999999"].flatMap(
        (RoomId) => [{ RoomId, RoomIdType: 1 }],
      ),
    ],
    [
      "a StopTime that is over, or no date",
      /^InvalidParameterValue$/,
      [
        "2020-01-01T00:00:00Z",
        "2999-02-29T00:00:00Z",
        "2999-13-01T00:00:00Z",
        "2999-01-01T25:00:00Z",
      ].map((StopTime) => ({ StopTime })),
    ],
    ["a login that is none", /^InvalidParameter.UserSig$/, [{ UserId: "robot", UserSig: GARBAGE }]],
    [
      "a permission that is none",
      /^InvalidParameter.PrivateMapKey$/,
      [{ UserId: "robot", PrivateMapKey: GARBAGE }],
    ],
    ["a login of nobody", /^MissingParameter$/, [{ UserSig: GARBAGE }, { PrivateMapKey: GARBAGE }]],
    [
      "another's application",
      /^UnauthorizedOperation.SdkAppId$/,
      [1, 1400000001, 4294967295].map((SdkAppId) => ({ SdkAppId })),
    ],
  ])("%s", async (_, code, wrongs) => {
    if (!start) throw new Error("there is no start");
    const { existing, expectRefused } = refusals;
    const bodies = fc
      .tuple(rightRequests(start, existing), fc.constantFrom(...wrongs))
      .map(([request, wrong]) => bodyOf({ ...request, ...wrong }));
    await expectRefused(60, sentTo(start, bodies), code);
  });

  test("a region in which TRTC could not stop the task", async () => {
    // A schedule belongs to one application, so a request that names it alone has no region.
    const inRegion = TARGETS.filter(
      ({ action, schema }) =>
        action !== "ListStreamIngests" && !schema.required?.includes("ScheduleId"),
    );
    for (const target of inRegion) {
      const regions = fc.constantFrom(
        "ap-tokyo",
        "eu-frankfurt",
        "",
        "AP-SINGAPORE",
        "constructor",
      );
      const bodies = fc
        .tuple(rightRequests(target, refusals.existing), regions)
        .map(([request, region]) => ({ ...bodyOf(request), headers: { "x-tc-region": region } }));
      await refusals.expectRefused(20, sentTo(target, bodies), /^UnsupportedRegion$/);
    }
  });
});

test("all these refusals changed nothing, and the right requests still succeed", async () => {
  await refusals.expectUnchanged(8000);
  const { app, existing } = refusals;
  const isEnd = ({ action }: Target) => /^(Stop|Delete)/.test(action);
  for (const target of [...TARGETS.filter((one) => !isEnd(one)), ...TARGETS.filter(isEnd)]) {
    const { action } = target;
    const [request] = fc.sample(rightRequests(target, existing), 1);
    const { response } = await app.post(FUNCTION_OF[action], request, { "x-tc-action": action });
    expect([action, response.Error]).toEqual([action, undefined]);
  }
});
