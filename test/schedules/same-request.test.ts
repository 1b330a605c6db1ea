/** Requests for schedules are the same when every field but the ClientToken matches. */
import type { TSchema } from "@sinclair/typebox";
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import type { Call } from "../../shared/ingest/services.js";
import { SCHEMAS } from "../../shared/contract/schemas.js";
import { hashOf } from "../../shared/schedules/request-name.js";
import { fittingValues } from "../support/contract/schema-values.js";
import { REQUIRED_OF_SCHEDULES } from "../support/contract/schedules.js";

const NAMED = ["CreateIngestSchedule", "UpdateIngestSchedule", "RunIngestSchedule"] as const;

type NamedCall = Call<(typeof NAMED)[number]>;

const hashWith = (request: object): string => hashOf({ request } as NamedCall);

const FIELDS = NAMED.flatMap((action) =>
  Object.entries<TSchema>(SCHEMAS[action].cn.properties).map(
    ([name, schema]) => [action, name, schema] as const,
  ),
);

describe.each(FIELDS)("%s with another %s", (action, name, schema) => {
  const isCompared = name !== "ClientToken";
  const base = REQUIRED_OF_SCHEDULES[action];

  test(isCompared ? "is another request" : "is the same request", () => {
    const values = fc.uniqueArray(fittingValues(schema), {
      minLength: 2,
      maxLength: 2,
      selector: (value) => JSON.stringify(value),
    });
    const [[one, other] = []] = fc.sample(values, { numRuns: 1, seed: 1 });
    const { [name]: _, ...without } = base as Record<string, unknown>;

    expect(hashWith({ ...base, [name]: one })).toBe(hashWith({ ...base, [name]: one }));
    for (const request of [{ ...base, [name]: other }, without]) {
      expect(hashWith(request) === hashWith({ ...base, [name]: one })).toBe(!isCompared);
    }
  });
});

test("a request with its fields in another order, at any depth, is the same request", () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, inner]) => [name, reversed(inner)] as const);
    return Object.fromEntries(entries.reverse());
  };
  const body = REQUIRED_OF_SCHEDULES.CreateIngestSchedule;
  const twice = {
    ...body,
    Windows: [...body.Windows, { StartAt: "2026-01-05T09:00", EndAt: "10:00" }],
  };

  expect(hashWith(reversed(twice) as object)).toBe(hashWith(twice));
  expect(hashWith({ ...twice, Windows: twice.Windows.toReversed() })).not.toBe(hashWith(twice));
});
