/** The checks that the build generates accept and refuse what ajv does, with the same messages. */
import { createRequire } from "node:module";
import { runInThisContext } from "node:vm";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { TObject, TSchema } from "@sinclair/typebox";
import type { ErrorObject, ValidateFunction } from "ajv";
import { writeChecks } from "../../deploy/build/checks-ahead.js";
import { withSharedParts } from "../../deploy/build/shared-parts.js";
import { REQUEST_SCHEMAS } from "../../shared/contract/check.js";
import { compile } from "../../shared/contract/compile.js";
import { OPERATOR_REQUEST_SCHEMAS } from "../../shared/contract/operator-check.js";
import { fittingRequests, foreignValues } from "../support/contract/schema-values.js";
import fc, { cases } from "../support/properties.js";

interface Generated {
  compile?: typeof compile;
}

let generated: Required<Generated>;

beforeAll(() => {
  const run = runInThisContext(`(function (exports, require) {${writeChecks()}\n})`) as (
    exports: Generated,
    require: NodeJS.Require,
  ) => void;
  const exports: Generated = {};
  run(exports, createRequire(import.meta.url));
  if (!exports.compile) throw new Error("the generated code has no compile");
  generated = { compile: exports.compile };
});

/** What a refusal reads of an error. */
const facts = ({ errors }: ValidateFunction) =>
  errors?.map(({ keyword, instancePath, params }: ErrorObject) => ({
    keyword,
    instancePath,
    params,
  }));

describe.each([...REQUEST_SCHEMAS, ...OPERATOR_REQUEST_SCHEMAS])("%s", (name, schema: TObject) => {
  const fields = Object.entries<TSchema>(schema.properties);
  const changes = fc.oneof(
    fc.constant({}),
    fc.constant({ Colour: "blue" }),
    fc.constantFrom(...fields).map(([field]) => ({ [field]: undefined })),
    fc
      .constantFrom(...fields)
      .chain(([field, rules]) => foreignValues(rules).map((value) => ({ [field]: value }))),
  );

  test("has the same errors either way", () => {
    const [ahead, now] = [generated.compile(schema, name), compile(schema, name)];
    fc.assert(
      fc.property(fittingRequests(schema), changes, (request, change) => {
        const value = { ...request, ...change };
        expect(ahead(value)).toBe(now(value));
        expect(facts(ahead)).toEqual(facts(now));
      }),
      { numRuns: cases(200) },
    );
  });
});

describe("the parts that schemas share", () => {
  const text = { type: "string" };
  const list = { type: "array", items: { type: "object", properties: { Title: text } } };

  test("stand once, also inside of each other", () => {
    const schema = { type: "object", properties: { Title: text, List: list } };

    const { schemas, parts } = withSharedParts([schema, schema]);

    const properties = { Title: { $ref: "part0" }, List: { $ref: expect.any(String) } };
    expect(schemas).toEqual([
      { type: "object", properties },
      { type: "object", properties },
    ]);
    expect([...parts.values()].filter((part) => part["type"] === "string")).toHaveLength(1);
  });

  test("leave out what is used once", () => {
    const schema = { type: "object", required: ["A"], properties: { A: text, C: list } };

    const { schemas, parts } = withSharedParts([schema]);

    expect(schemas).toEqual([
      {
        ...schema,
        properties: {
          A: { $ref: "part0" },
          C: { ...list, items: { type: "object", properties: { Title: { $ref: "part0" } } } },
        },
      },
    ]);
    expect([...parts.keys()]).toEqual(["part0"]);
  });
});
