/**
 * Takes the parts that schemas have in common out of them. ajv generates code for each part once,
 * instead of once for each action and site.
 */

type Schema = Readonly<Record<string, unknown>>;

export interface SchemaParts {
  /** The schemas, with references to the parts. */
  schemas: Schema[];
  /** Each part by its name. A part may refer to others. */
  parts: ReadonlyMap<string, Schema>;
}

export function withSharedParts(schemas: readonly Schema[]): SchemaParts {
  const uses = new Map<string, number>();
  for (const schema of schemas) {
    replaceParts(schema, (part) => {
      const text = JSON.stringify(part);
      uses.set(text, (uses.get(text) ?? 0) + 1);
      return part;
    });
  }
  const names = new Map<string, string>();
  const parts = new Map<string, Schema>();
  const referTo = (part: Schema, inner: Schema): Schema => {
    const text = JSON.stringify(part);
    if ((uses.get(text) ?? 0) < 2) return inner;
    const name = names.get(text) ?? `part${names.size}`;
    names.set(text, name);
    parts.set(name, inner);
    return { $ref: name };
  };
  return { schemas: schemas.map((schema) => replaceParts(schema, referTo)), parts };
}

type Replace = (part: Schema, inner: Schema) => Schema;

/** Offers each field and each item of a list, the innermost first. */
function replaceParts(schema: Schema, replace: Replace): Schema {
  const offer = (part: unknown): Schema =>
    replace(part as Schema, replaceParts(part as Schema, replace));
  const { items, properties } = schema;
  if (items !== undefined) return { ...schema, items: offer(items) };
  if (properties === undefined) return schema;
  const fields = Object.entries(properties as Record<string, Schema>).map(
    ([name, field]) => [name, offer(field)] as const,
  );
  return { ...schema, properties: Object.fromEntries(fields) };
}
