/** The committed OpenAPI document. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";

export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters: { $ref: string }[];
  requestBody: { required: boolean; content: Content };
  responses: Record<string, { description: string; content: Content } | { $ref: string }>;
}

export type Content = Record<
  string,
  { schema: object; examples: Record<string, { value: unknown }> }
>;

export interface OpenApiDocument {
  openapi: string;
  info: Record<string, string>;
  servers: { url: string; variables?: Record<string, { default: string }> }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Record<string, unknown>>;
    responses: Record<string, { description: string; headers: object; content: Content }>;
    parameters: Record<string, Record<string, unknown>>;
    securitySchemes: Record<string, Record<string, unknown>>;
  };
}

export const openApiFile = fileURLToPath(new URL("../../../openapi.json", import.meta.url));

export const document = JSON.parse(readFileSync(openApiFile, "utf8")) as OpenApiDocument;

export const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** The target of a `$ref` in the document. Throws when it has none. */
export function resolve(ref: string): unknown {
  const parts = ref.replace(/^#\//, "").split("/");
  return parts.reduce<unknown>((part, name) => {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof part === "object" && part !== null && Object.hasOwn(part, key)) {
      return (part as Record<string, unknown>)[key];
    }
    throw new Error(`${ref} stands for nothing`);
  }, document);
}

/** Visits every value of the document, with its place. */
export function walk(visit: (value: unknown, place: string) => void): void {
  const step = (value: unknown, place: string) => {
    visit(value, place);
    if (typeof value !== "object" || value === null) return;
    for (const [key, each] of Object.entries(value)) step(each, `${place}/${key}`);
  };
  step(document, "#");
}

/** JSON Schema as in OpenAPI 3.1, in strict mode: an unknown keyword is an error. */
const ajv = new Ajv2020({ strict: true, allErrors: true, formats: { "date-time": isDateTime } });
for (const [name, schema] of Object.entries(document.components.schemas)) {
  ajv.addSchema(withShortRefs(schema), name);
}

/** Why a value does not fit a schema of the document. Empty when it fits. */
export function faults(schema: object, value: unknown): unknown[] {
  const validate = ajv.compile(withShortRefs(schema));
  return validate(value) ? [] : (validate.errors ?? []);
}

function withShortRefs(schema: object): object {
  const text = JSON.stringify(schema).replaceAll('"#/components/schemas/', '"');
  return JSON.parse(text) as object;
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}
