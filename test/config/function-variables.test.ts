/** Each function gets the variables that its code reads and no others, on both clouds. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readConfig, type Variable } from "../../shared/config/configuration.js";
import {
  configOf,
  FUNCTION_VARIABLES,
  type FunctionName,
  READ_AS,
  variablesRead,
} from "../../shared/config/function-variables.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NAMES = Object.keys(FUNCTION_VARIABLES) as FunctionName[];

interface Declared {
  environment?: { variables?: object };
}

/** The variables of each function in a service file. On AWS they stand in `environment` itself. */
function declaredIn(file: string): Map<string, string[]> {
  const { provider, functions } = parse(readFileSync(join(ROOT, file), "utf8")) as {
    provider: Declared;
    functions: Record<string, Declared>;
  };
  const variablesIn = ({ environment }: Declared) =>
    Object.keys(environment?.variables ?? environment ?? {});
  return new Map(
    Object.entries(functions).map(([name, declared]) => [
      name,
      [...variablesIn(provider), ...variablesIn(declared)].sort(),
    ]),
  );
}

test("the list of variables has every function", () => {
  const files = readdirSync(join(ROOT, "functions")).map((file) => file.replace(".ts", ""));
  expect([...NAMES].sort()).toEqual(files.sort());
});

describe.each(["serverless.yml", "serverless.aws.yml"])("%s", (file) => {
  const declared = declaredIn(file);

  test.each(NAMES)("gives %s the variables that it reads, and no others", (name) => {
    expect(declared.get(name)).toEqual([...variablesRead(name)].sort());
  });

  test.each<[FunctionName, Variable[]]>([
    ["room-callback", ["CALLERS", "RULES", "EVENT_CALLERS"]],
    ["expire-ingests", ["CALLERS", "TRTC_APPS", "RULES"]],
    ["reconcile-ingests", ["RULES", "EVENT_CALLERS"]],
    ["deliver-notifications", ["TRTC_APPS", "TRTC_ACCOUNTS", "RULES"]],
    ["list-ingests", ["TRTC_ACCOUNTS", "RULES"]],
    ["schedules", ["RULES", "EVENT_CALLERS", "STOP_UNCLAIMED"]],
    ["plan-schedules", ["TRTC_ACCOUNTS", "RULES", "EVENT_CALLERS"]],
    ["start-ingest", ["RULES", "EVENT_CALLERS", "STOP_UNCLAIMED"]],
  ])("keeps from %s the variables that it does not read: %j", (name, secrets) => {
    expect(declared.get(name)?.filter((each) => secrets.includes(each as Variable))).toEqual([]);
  });
});

describe("a function's configuration", () => {
  const env = localEnvironment({ DATABASE_URL: "postgres://u@h/x" }, "http://127.0.0.1:1");
  const whole = readConfig(env);
  // Patterns are compiled each time, and two compiled patterns are never equal.
  const shown = (value: unknown) => (value instanceof Map ? JSON.stringify([...value]) : value);

  test.each(NAMES)("of %s can be read from its own variables, and has no others", (name) => {
    const own = Object.fromEntries([...variablesRead(name)].map((each) => [each, env[each]]));
    const config = configOf(name, readConfig(own, variablesRead(name)));
    for (const [variable, fields] of Object.entries(READ_AS)) {
      for (const field of fields) {
        const isOwn = variablesRead(name).has(variable as Variable);
        if (isOwn) expect(shown(config[field])).toEqual(shown(whole[field]));
        else expect(() => config[field]).toThrow(`${name} reads ${field}`);
      }
    }
  });

  test("has a reader for every variable", () => {
    expect(Object.values(READ_AS).flat().sort()).toEqual(Object.keys(whole).sort());
  });
});

/**
 * A function that reads more than it gets throws in any of these tests. These tests check the
 * opposite: it gets nothing that its code cannot read.
 */
describe("the code of a function", () => {
  const sources = new Map<string, string>();
  const codeOf = (path: string): string => {
    const known = sources.get(path) ?? readFileSync(join(ROOT, path), "utf8");
    sources.set(path, known);
    return known;
  };

  function reachedFrom(path: string, reached = new Set<string>()): Set<string> {
    if (reached.has(path)) return reached;
    reached.add(path);
    // The code that makes the configuration names every variable, so it does not count.
    if (/shared\/(config\/(configuration|function-variables)|runtime\/services)\.ts$/.test(path))
      return reached;
    for (const [, from = ""] of codeOf(path).matchAll(/from "(\.[^"]+)\.js"/g)) {
      reachedFrom(relative(ROOT, join(ROOT, dirname(path), `${from}.ts`)), reached);
    }
    return reached;
  }

  const CALLS_TRTC = "shared/ingest/trtc-call.ts";
  const ELSEWHERE: Partial<Record<Variable, string>> = {
    // Services read these for every function that calls TRTC, notifies, or queries the database.
    TRTC_ACCOUNTS: CALLS_TRTC,
    TRTC_ENDPOINT: CALLS_TRTC,
    TRTC_TIMEOUT_SECONDS: CALLS_TRTC,
    ALLOW_PRIVATE_NOTIFY_HOSTS: "shared/notifications/deliver.ts",
    DATABASE_URL: "shared/runtime/services.ts",
    DATABASE_URLS: "shared/runtime/services.ts",
    DATABASE_CA: "shared/runtime/services.ts",
    // Every invocation is measured.
    OTEL_EXPORTER_OTLP_ENDPOINT: "shared/runtime/telemetry/measured.ts",
    OTEL_EXPORTER_OTLP_HEADERS: "shared/runtime/telemetry/measured.ts",
  };

  // Services read this one for every function that reads the headers of sources.
  const READS_SOURCES = "shared/ingest/programme/read-sources.ts";

  test.each(NAMES)("of %s reads the variables that it is given", (name) => {
    const reached = reachedFrom(`functions/${name}.ts`);
    const read = (variable: Variable) => {
      const place = ELSEWHERE[variable];
      if (place !== undefined) return reached.has(place);
      if (variable === "ALLOW_PRIVATE_STREAM_HOSTS" && reached.has(READS_SOURCES)) return true;
      return [...reached].some((path) =>
        READ_AS[variable].some((field) =>
          new RegExp(
            `\\bconfig\\.${field}\\b|\\{[^{}]*\\b${field}\\b[^{}]*\\}: (Pick<)?Config`,
          ).test(codeOf(path).includes("makeServices") ? "" : codeOf(path)),
        ),
      );
    };
    expect([...variablesRead(name)].filter((variable) => !read(variable))).toEqual([]);
  });
});
