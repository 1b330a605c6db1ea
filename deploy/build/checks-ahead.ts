/**
 * Puts code that ajv writes now in the place of compiling schemas in every cold start. The code is
 * found by the schema's name; one that is asked for and was not written fails the build's test.
 */
import { Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import type { Plugin } from "esbuild";
import { AJV_OPTIONS } from "../../shared/contract/ajv-options.js";
import { REQUEST_SCHEMAS } from "../../shared/contract/check.js";
import { LIST_SCHEMAS } from "../../shared/config/configuration.js";

const NAMESPACE = "checks-ahead";

export const checksAhead: Plugin = {
  name: NAMESPACE,
  setup(build) {
    // A name that ends in .cjs, since that is what ajv writes.
    build.onResolve({ filter: /\/compile\.js$/ }, () => ({
      path: "checks.cjs",
      namespace: NAMESPACE,
    }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
      contents: writeChecks(),
      resolveDir: import.meta.dirname,
      loader: "js",
    }));
  },
};

function writeChecks(): string {
  const named = [...REQUEST_SCHEMAS, ...Object.entries(LIST_SCHEMAS)];
  // Several actions share a schema; its code is written once.
  const schemas = [...new Set(named.map(([, schema]) => schema))];
  const ajv = new Ajv({ ...AJV_OPTIONS, code: { source: true } });
  const exported: Record<string, string> = {};
  for (const [index, schema] of schemas.entries()) {
    ajv.addSchema(schema, `schema${index}`);
    exported[`check${index}`] = `schema${index}`;
  }
  const table = named.map(
    ([name, schema]) => `${JSON.stringify(name)}: exports.check${schemas.indexOf(schema)}`,
  );
  return `${standaloneCode.default(ajv, exported)}
const table = { ${table.join(", ")} };
exports.compile = (schema, name) => {
  if (!Object.hasOwn(table, name)) throw new Error("No check was written for " + name);
  return table[name];
};
`;
}
