/**
 * Wrong input of every kind, thousands of times, through the very handlers that are deployed: each
 * gets a refusal of Tencent's shape with a code of the table, and in the end nothing has changed.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { SECOND_MS, addMs, systemClock as clock } from "../shared/clock.js";
import { ERROR_TABLE, type ErrorCode } from "../shared/error-table.js";
import type { HttpAnswer } from "../shared/runtime/envelope.js";
import type { HttpRequest } from "../shared/runtime/http-event.js";
import { ACTIONS } from "../shared/validation/schemas.js";
import { SITES } from "../shared/validation/sites.js";
import { CN_APP, type House, INTL_APP, KEY, openHouse, SECRET_ID } from "./support/house.js";
import { post, signedTc3, signedV1 } from "./support/http-requests.js";
import {
  DOORS,
  type Event,
  eventOf,
  type Existing,
  type Fields,
  fieldsOf,
  rightRequests,
  type Target,
  targetOf,
} from "./support/right-requests.js";
import { foreignValues } from "./support/schema-values.js";
import { worldOf } from "./support/world.js";

let house: House;
let existing: Existing;
let before: Awaited<ReturnType<typeof worldOf>>;
let cases = 0;

async function running(SdkAppId: number): Promise<string> {
  const wanted = { SdkAppId, RoomId: "8489", StreamUrl: house.clip, RepeatNum: -1 };
  const { response } = await house.post("start-ingest", wanted);
  return String(response["TaskId"]);
}

beforeAll(async () => {
  house = await openHouse();
  const taskIds = { cn: await running(CN_APP), intl: await running(INTL_APP) };
  existing = { clip: house.clip, taskIds };
  before = await worldOf(house);
});

afterAll(async () => {
  expect(cases).toBeGreaterThan(5000);
  expect(await worldOf(house)).toEqual(before);
  await house.close();
});

/** The code of the refusal; fails for any other answer. */
async function refusalOf(door: string, event: unknown): Promise<string> {
  cases += 1;
  const { handler, timeLimitMs } = house.functionNamed(door);
  const context = { request_id: `case-${cases}`, getRemainingTimeInMillis: () => timeLimitMs };
  const answer = (await handler(event, context)) as HttpAnswer;
  const { Response, ...rest } = JSON.parse(answer.body) as { Response: Fields };
  expect([rest, Response]).toEqual([
    {},
    {
      Error: { Code: expect.any(String), Message: expect.stringMatching(/\S.*\.$/s) },
      RequestId: `case-${cases}`,
    },
  ]);
  const { Code } = Response["Error"] as { Code: string };
  expect(Object.keys(ERROR_TABLE)).toContain(Code);
  expect(Code).not.toMatch(/^InternalError/);
  expect([200, ERROR_TABLE[Code as ErrorCode].status]).toContain(answer.statusCode);
  return Code;
}

const refused = (runs: number, wrong: fc.Arbitrary<{ door: string; event: unknown }>, code = /./) =>
  fc.assert(
    fc.asyncProperty(wrong, async ({ door, event }) => {
      expect(await refusalOf(door, event)).toMatch(code);
    }),
    { numRuns: runs },
  );

/** The action's own door, or `api` with the action in the header. */
const at = ({ action }: Target, events: fc.Arbitrary<Event>) =>
  fc.tuple(events, fc.boolean()).map(([{ headers, ...event }, isOwn]) => ({
    door: isOwn ? DOORS[action] : "api",
    event: { ...event, headers: { "x-tc-action": action, ...headers } },
  }));

const TARGETS = ACTIONS.flatMap((action) => SITES.map((site) => targetOf(action, site)));
const LETTERS = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

test("what is made wrong below would be carried out if it were not", async () => {
  for (const target of TARGETS) {
    // A start, a stop and an update would change what has to stay as it is.
    if (!["DescribeStreamIngest", "ListStreamIngests"].includes(target.action)) continue;
    for (const request of fc.sample(rightRequests(target, existing), 10)) {
      const answer = await house.post(DOORS[target.action], request);
      expect(answer.response.Error).toBeUndefined();
    }
  }
  before = await worldOf(house);
});

describe.each(TARGETS)("$action, $site:", (target) => {
  const right = () => rightRequests(target, existing);
  const named = fc.constantFrom(...fieldsOf(target));
  const required = [...(target.schema.required ?? [])];

  test("a value that does not fit its field", () =>
    refused(
      200,
      at(
        target,
        fc
          .tuple(right(), named.chain(([name, schema]) => fc.tuple(fc.constant(name), foreignValues(schema))))
          .map(([request, [name, value]]) => eventOf({ ...request, [name]: value })),
      ),
      /^(Invalid|Unsupported|Unauthorized)/,
    ));

  test("a field that nobody knows", () =>
    refused(
      50,
      at(
        target,
        fc
          .tuple(right(), fc.stringMatching(/^[A-Za-z_]{1,20}$/), fc.jsonValue())
          .filter(([, name]) => !(name in target.schema.properties))
          .map(([request, name, value]) =>
            eventOf(JSON.stringify(request).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`)),
          ),
      ),
      /^UnknownParameter$/,
    ));

  test.each(required)("no %s", (name) =>
    refused(
      30,
      at(
        target,
        right().map(({ [name]: _, ...rest }) => eventOf(rest)),
      ),
      /^MissingParameter/,
    ),
  );

  test("a control character in a text", () => {
    const texts = fieldsOf(target).flatMap(([name, { type }]) => (type === "string" ? [name] : []));
    const control = fc.integer({ min: 0, max: 32 }).map((code) => String.fromCharCode(code === 32 ? 127 : code));
    const marked = fc.tuple(fc.constantFrom(...texts), control, fc.nat({ max: 8 }));
    return refused(
      100,
      at(
        target,
        fc.tuple(right(), marked).map(([request, [name, mark, place]]) => {
          const text = String(request[name] ?? "2999-01-01T00:00:00Z");
          return eventOf({ ...request, [name]: text.slice(0, place) + mark + text.slice(place) });
        }),
      ),
      /^Invalid/,
    );
  });

  test("a body that is broken, of another type, or no object", () => {
    const bodies = right().map((request) => JSON.stringify(request));
    const broken = fc.oneof(
      fc.tuple(bodies, fc.nat()).map(([body, n]) => eventOf(body.slice(0, 1 + (n % (body.length - 1))))),
      bodies.map((body) => eventOf(`[${body}]`)),
      bodies.map((body) => eventOf(JSON.stringify(body))),
      bodies.map((body) => eventOf(`${body}${body}`)),
      fc.string({ minLength: 1 }).filter((text) => !text.startsWith("{")).map((text) => eventOf(text)),
      fc.jsonValue().map((value) => eventOf(JSON.stringify([value]))),
      fc.tuple(bodies, fc.stringMatching(/^[a-z]{0,9}\/?[a-z]{0,9}$/)).map(([body, type]) =>
        eventOf(body, { "content-type": type }),
      ),
      fc.tuple(bodies, fc.constantFrom(0xff, 0xc0, 0x80, 0xfe)).map(([body, byte]) => ({
        ...eventOf(Buffer.concat([Buffer.from(body), Buffer.from([byte])]).toString("base64")),
        isBase64Encoded: true,
      })),
      bodies.map((body) => ({ ...eventOf(body), isBase64Encoded: true })),
    );
    return refused(100, at(target, broken), /^InvalidParameter.BodyParamsError$/);
  });

  test("a body that is far too deep, or too large", async () => {
    const deep = `{"RoomId":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const sizes = fc.constantFrom(`{"RoomId":"${"r".repeat(1024 * 1024)}"}`, deep);
    await refused(4, at(target, sizes.map((body) => eventOf(body))));
  });

  test("an action, a version, a method or a region that there is not", () => {
    const common = fc.oneof(
      LETTERS.map((letter): [string, string, RegExp] => ["x-tc-action", `${target.action}${letter}`, /^InvalidAction$/]),
      fc.constantFrom("2019-07-23", "1", "latest", "").map((version): [string, string, RegExp] => ["x-tc-version", version, /^NoSuchVersion$/]),
    );
    return fc.assert(
      fc.asyncProperty(right(), common, fc.boolean(), async (request, [header, value, code], isOwn) => {
        const event = eventOf(request, { "x-tc-action": target.action, [header]: value });
        expect(await refusalOf(isOwn ? DOORS[target.action] : "api", event)).toMatch(code);
      }),
      { numRuns: 40 },
    );
  });
});
