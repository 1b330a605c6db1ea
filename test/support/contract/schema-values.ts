/** Values inside and outside a field's schema, for properties over all schemas. */
import fc from "../properties.js";
import type { TObject, TSchema } from "@sinclair/typebox";

/** Correct requests: every required field, and any subset of the others. */
export function fittingRequests(schema: TObject): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(schema.properties).map(
    ([name, field]) => [name, fittingValues(field)] as const,
  );
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...(schema.required ?? [])] });
}

/** Making them costs more than using them, above all for a schedule with its Ingest. */
const oncePerSchema = (make: (schema: TSchema) => fc.Arbitrary<unknown>) => {
  const made = new WeakMap<TSchema, fc.Arbitrary<unknown>>();
  return (schema: TSchema): fc.Arbitrary<unknown> => {
    const values = made.get(schema) ?? make(schema);
    made.set(schema, values);
    return values;
  };
};

export const fittingValues = oncePerSchema((schema) => {
  const { type, minimum, maximum, pattern, minLength, maxLength, choices } = rulesOf(schema);
  if (choices.length > 0) return fc.constantFrom(...choices);
  if (type === "object") return fittingRequests(schema as TObject);
  if (type === "array") return fittingLists(schema, { maxLength: FEW_ITEMS });
  if (type === "boolean") return fc.boolean();
  if (type === "integer") {
    const numbers = fc.integer({ min: minimum, max: maximum });
    return "not" in schema ? numbers.filter((value) => value !== 0) : numbers;
  }
  if (type !== "string") throw new Error(`no values are known for the type ${type}`);
  if (pattern === undefined) return fc.string({ unit: "binary", minLength, maxLength });
  return fc
    .stringMatching(new RegExp(pattern, "u"))
    .filter((text) => text.length >= minLength && text.length <= maxLength);
});

/** Lists have more items only where their number matters. */
const FEW_ITEMS = 3;

const fittingLists = (
  schema: TSchema,
  length: { minLength?: number; maxLength?: number },
): fc.Arbitrary<unknown[]> => {
  const { items, minItems } = schema as unknown as { items: TSchema; minItems: number };
  return fc.array(fittingValues(items), { minLength: minItems, ...length });
};

/** Every kind of wrong value: another type, just out of range, or another form. */
export const foreignValues = oncePerSchema((schema) => {
  const fitting = fittingValues(schema);
  const ofNoType = [
    fc.constant(null),
    fc.array(fitting, { maxLength: 2 }),
    fc.record({ value: fitting }),
    fc.dictionary(fc.constantFrom("toString", "valueOf", "__proto__", "length"), fc.integer()),
  ];
  switch (rulesOf(schema).type) {
    case "boolean":
      return fc.oneof(...ofNoType, anyNumber, fc.constantFrom("true", "false", "1", ""));
    case "array":
      return fc.oneof(anyNumber, fc.boolean(), fc.string(), foreignLists(schema));
    case "object":
      return fc.oneof(anyNumber, fc.boolean(), fc.string(), foreignObjects(schema as TObject));
    case "string":
      return fc.oneof(...ofNoType, anyNumber, fc.boolean(), foreignTexts(schema));
    default:
      return fc.oneof(...ofNoType, fc.boolean(), fitting.map(String), foreignNumbers(schema));
  }
});

/** No item where one is needed, one too many, or one item that is wrong. */
function foreignLists(schema: TSchema): fc.Arbitrary<unknown> {
  const { items, minItems, maxItems } = schema as unknown as {
    items: TSchema;
    minItems: number;
    maxItems: number;
  };
  const one = fittingLists(schema, { minLength: 1, maxLength: 1 });
  return fc.oneof(
    ...(minItems > 0 ? [fc.constant([])] : []),
    one.map(([item]) => Array.from({ length: maxItems + 1 }, () => item)),
    fc
      .tuple(fittingLists(schema, { maxLength: FEW_ITEMS }), foreignValues(items))
      .map(([fitting, foreign]) => [...fitting, foreign]),
  );
}

/** One field is wrong, or a required one is missing. */
function foreignObjects(schema: TObject): fc.Arbitrary<unknown> {
  const wrong = fc
    .constantFrom(...Object.entries<TSchema>(schema.properties))
    .chain(([name, field]) => foreignValues(field).map((value) => ({ [name]: value })));
  const wrongField = fc
    .tuple(fittingRequests(schema), wrong)
    .map(([right, field]) => ({ ...right, ...field }));
  const required = schema.required ?? [];
  if (required.length === 0) return wrongField;
  return fc.oneof(
    wrongField,
    fc
      .tuple(fittingRequests(schema), fc.constantFrom(...required))
      .map(([right, name]) =>
        Object.fromEntries(Object.entries(right).filter(([field]) => field !== name)),
      ),
  );
}

const anyNumber = fc.oneof(fc.integer(), fc.double());

function foreignTexts(schema: TSchema): fc.Arbitrary<string> {
  const { pattern, minLength, maxLength, choices } = rulesOf(schema);
  const tooLong = fc.constant("a".repeat(maxLength + 1));
  if (choices.length > 0) return fc.string().filter((text) => !choices.includes(text));
  if (pattern === undefined) return minLength > 0 ? fc.oneof(fc.constant(""), tooLong) : tooLong;
  const marked = fc
    .tuple(fittingValues(schema), fc.constantFrom("\0", "\n", "\u007f", "é", "任"))
    .map(([text, mark]) => `${String(text)}${mark}`);
  const form = new RegExp(pattern, "u");
  return fc
    .oneof(fc.constant(""), tooLong, marked)
    .filter((text) => !form.test(text) || text.length > maxLength);
}

function foreignNumbers(schema: TSchema): fc.Arbitrary<number> {
  const { minimum, maximum, choices } = rulesOf(schema);
  const near = choices.length > 0 ? [-1, 0.25, 3, 5, 1e9] : [minimum - 1, maximum + 1, 1e300];
  const zeros = "not" in schema ? [0, -0] : [];
  return fc
    .oneof(
      fc.constantFrom(NaN, Infinity, -Infinity, ...near, ...zeros),
      fc.double({ noInteger: true }),
    )
    .filter((value) => !choices.includes(value));
}

/** The text with one other letter. It must not be empty. */
export const marred = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat({ max: text.length - 1 }), fc.constantFrom(...Array.from("abcXYZ019 =/,;:*")))
    .filter(([place, letter]) => text[place] !== letter)
    .map(([place, letter]) => text.slice(0, place) + letter + text.slice(place + 1));

/** Longer than any field of the contract, for fields with a pattern instead of a length. */
const LENGTH_MAX = 4096;

interface Rules {
  type: string;
  minimum: number;
  maximum: number;
  pattern: string | undefined;
  minLength: number;
  maxLength: number;
  choices: readonly unknown[];
}

function rulesOf(schema: TSchema): Rules {
  const usual = { minimum: 0, maximum: 0, pattern: undefined, minLength: 0, maxLength: LENGTH_MAX };
  const { enum: choices = [] } = schema as { enum?: readonly unknown[] };
  return { type: "", ...usual, ...schema, choices };
}
