/** Properties of every action and site, for any input. */
import { describe, expect, test } from "@jest/globals";
import type { TObject, TSchema } from "@sinclair/typebox";
import { ERROR_TABLE } from "../../shared/contract/error-table.js";
import { ApiError } from "../../shared/contract/errors.js";
import { checkRequest } from "../../shared/contract/check.js";
import { type Action, ACTIONS, SCHEMAS } from "../../shared/contract/schemas.js";
import { type Site, SITES } from "../../shared/contract/sites.js";
import { fittingRequests, foreignValues } from "../support/contract/schema-values.js";
import fc, { cases } from "../support/properties.js";

/** For each of ten schemas and four properties: twenty thousand cases. */
const NUM_RUNS = cases(500);

interface Checked {
  action: Action;
  site: Site;
  schema: TObject;
}

const EVERY_SCHEMA = ACTIONS.flatMap((action) =>
  SITES.map((site): Checked => ({ action, site, schema: SCHEMAS[action][site] })),
);

/** The refusal of a request; undefined when it is taken. Whatever else is thrown stays thrown. */
function refusalOf(checked: Checked, request: unknown): ApiError | undefined {
  try {
    checkRequest(checked, request);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function expectRefusal(checked: Checked, request: unknown): ApiError {
  const refusal = refusalOf(checked, request);
  if (!refusal) throw new Error("the request was taken");
  expect(Object.keys(ERROR_TABLE)).toContain(refusal.code);
  expect(refusal.status).toBe(400);
  expect(refusal.retry).toBe(false);
  return refusal;
}

describe.each(EVERY_SCHEMA)("$action, $site", (checked) => {
  const { schema } = checked;
  const properties = Object.entries<TSchema>(schema.properties);
  const fields = Object.keys(schema.properties);
  const required = [...(schema.required ?? [])];

  test("a valid request is returned as the same object", () => {
    fc.assert(
      fc.property(fittingRequests(schema), (request) => {
        const before = structuredClone(request);
        expect(checkRequest(checked, request)).toBe(request);
        expect(request).toEqual(before);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a request with one value outside its field's schema is refused, and names the field", () => {
    const wrong = fc
      .constantFrom(...properties)
      .chain(([field, rules]) => fc.tuple(fc.constant(field), foreignValues(rules)));
    fc.assert(
      fc.property(fittingRequests(schema), wrong, (request, [field, value]) => {
        const { message } = expectRefusal(checked, { ...request, [field]: value });
        // Of a list or an object, the message names the item and its field.
        expect(message).toMatch(new RegExp(`^${field}[[. ].*: send `, "s"));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a request with an unknown field is refused, and the message names it", () => {
    const names = fc
      .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "sdkAppId"))
      .filter((name) => !fields.includes(name));
    fc.assert(
      fc.property(fittingRequests(schema), names, fc.jsonValue(), (request, name, value) => {
        const extended = Object.fromEntries([...Object.entries(request), [name, value]]);
        expect(expectRefusal(checked, extended).code).toBe("UnknownParameter");
      }),
      { numRuns: NUM_RUNS },
    );
  });

  for (const field of required) {
    test(`a request without ${field} is refused, and says so`, () => {
      fc.assert(
        fc.property(fittingRequests(schema), ({ [field]: _, ...rest }) => {
          const { code, message } = expectRefusal(checked, rest);
          expect(code).toMatch(/^MissingParameter/);
          expect(message).toMatch(new RegExp(`^${field} is missing: send `));
        }),
      );
    });
  }

  test("any JSON is accepted or refused, and never fails in another way", () => {
    const names = fc.constantFrom(...fields, "__proto__", "constructor", "hasOwnProperty", "");
    const json = fc.oneof(
      fc.jsonValue({ maxDepth: 5 }),
      fc
        .dictionary(names, fc.jsonValue())
        .map((value): unknown => JSON.parse(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(json, (value) => {
        refusalOf(checked, value);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a refusal never repeats the value that was sent", () => {
    const secret = "hunter2-hunter2-hunter2";
    const values = fc.constantFrom(
      secret.repeat(200),
      `${secret}\n`,
      `${secret} é`,
      [secret],
      { [secret]: secret },
      { secret },
    );
    const field = fc.constantFrom(...fields);
    fc.assert(
      fc.property(fittingRequests(schema), field, values, (request, field, value) => {
        const refusal = refusalOf(checked, { ...request, [field]: value });
        expect(JSON.stringify([refusal?.message, refusal?.detail])).not.toContain("hunter2");
      }),
    );
  });
});
