/**
 * Replaces the compiling of schemas at each cold start by code that ajv generates at build time.
 * Code is found by the schema's name. A test of the build fails when a name is missing.
 */
import { Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import type { Plugin } from "esbuild";
import { AJV_OPTIONS } from "../../shared/contract/ajv-options.js";
import { REQUEST_SCHEMAS } from "../../shared/contract/check.js";
import { OPERATOR_REQUEST_SCHEMAS } from "../../shared/contract/operator-check.js";
import { LIST_SCHEMAS } from "../../shared/config/configuration.js";
import { withSharedParts } from "./shared-parts.js";

const NAMESPACE = "checks-ahead";

/** `names`: the schemas that the code is for; absent: all. */
export const checksAhead = (names?: readonly string[]): Plugin => ({
  name: NAMESPACE,
  setup(build) {
    // The name ends in .cjs because ajv generates CommonJS.
    build.onResolve({ filter: /\/compile\.js$/ }, () => ({
      path: "checks.cjs",
      namespace: NAMESPACE,
    }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
      contents: writeChecks(names),
      resolveDir: import.meta.dirname,
      loader: "js",
    }));
  },
});

/** The checks carry their schemas. No refusal quotes a description, so it would only take space. */
const withoutWords = (schema: object): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === "description" && typeof value === "string" ? undefined : value,
    ),
  ) as Record<string, unknown>;

export function writeChecks(names?: readonly string[]): string {
  const all = [...REQUEST_SCHEMAS, ...OPERATOR_REQUEST_SCHEMAS, ...Object.entries(LIST_SCHEMAS)];
  const named = all.filter(([name]) => names?.includes(name) ?? true);
  // Several actions share a schema. Its code is generated once.
  const distinct = [...new Set(named.map(([, schema]) => schema))];
  const { schemas, parts } = withSharedParts(distinct.map(withoutWords));
  const ajv = new Ajv({ ...AJV_OPTIONS, inlineRefs: false, code: { source: true } });
  for (const [name, part] of parts) ajv.addSchema(part, name);
  const exported: Record<string, string> = {};
  for (const [index, schema] of schemas.entries()) {
    ajv.addSchema(schema, `schema${index}`);
    exported[`check${index}`] = `schema${index}`;
  }
  const table = named.map(
    ([name, schema]) => `${JSON.stringify(name)}: exports.check${distinct.indexOf(schema)}`,
  );
  return `${standaloneCode.default(ajv, exported)}
const table = { ${table.join(", ")} };
exports.compile = (schema, name) => {
  if (!Object.hasOwn(table, name)) throw new Error("No check was written for " + name);
  return table[name];
};
`;
}
