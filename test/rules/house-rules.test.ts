/** The project's rules as tests. Otherwise a reviewer would have to check them each time. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface SourceFile {
  path: string;
  text: string;
  /** The code without comments. A comment may name things that the code may not use. */
  code: string;
  imports: string[];
}

const PRODUCT = [
  "functions",
  "shared",
  "emulator",
  "local",
  "server",
  "deploy",
  "ops",
  "cli",
  "bench",
  "console",
].flatMap(sourcesIn);
const IMPORTS = new Map(PRODUCT.map(({ path, imports }) => [path, imports]));
const SHARED = PRODUCT.filter(({ path }) => path.startsWith("shared/"));

describe("imports go down only", () => {
  /** Each layer may use the layers after it. Parts on one line do not use each other. */
  const LAYERS = [
    ["bench"],
    ["local", "cli"],
    ["ops", "deploy/rehearsal"],
    ["deploy/plugin", "deploy/cloud"],
    ["deploy/build", "local/environment", "server"],
    ["local/terminal"],
    ["emulator", "functions", "console"],
    ["shared/runtime"],
    ["shared/operator"],
    [
      "shared/room-events",
      "shared/cloud-events",
      "shared/notifications",
      "shared/schedules",
      "shared/health",
    ],
    ["shared/ingest"],
    ["shared/store", "shared/trtc", "shared/media"],
    ["shared/config", "shared/signing"],
    ["shared/contract"],
    ["shared/network", "shared/calendar"],
    ["shared"],
  ];
  const FOLDERS = LAYERS.flat().sort((one, other) => other.length - one.length);
  const folderOf = (path: string): string =>
    FOLDERS.find((folder) => path.startsWith(`${folder}/`)) ?? "";
  const layerOf = (path: string): number =>
    LAYERS.findIndex((layer) => layer.includes(folderOf(path)));

  test.each(PRODUCT.map((file) => [file.path, file] as const))("%s", (path, { imports }) => {
    for (const imported of imports.filter((each) => !each.startsWith("npm:"))) {
      const isOwnFolder = folderOf(imported) === folderOf(path);
      const isBelow = layerOf(imported) > layerOf(path);
      const allowed = isOwnFolder || isBelow;
      expect({ imported, allowed }).toEqual({ imported, allowed: true });
    }
  });

  test("no file imports itself through others, types included", () => {
    const circles = PRODUCT.filter(({ path }) => reachedFrom(path).has(path));
    expect(circles.map(({ path }) => path)).toEqual([]);
  });

  test("the emulator stands for Tencent: of the project it uses what both sides share", () => {
    const allowed = /^(emulator|shared\/(signing|contract|media|network))\/|^shared\/clock[.]/;
    const foreign = PRODUCT.filter(({ path }) => path.startsWith("emulator/"))
      .flatMap(({ imports }) => imports)
      .filter((each) => !each.startsWith("npm:") && !allowed.test(each));
    expect(foreign).toEqual([]);
  });
});

describe("one place for each thing", () => {
  const onlyIn = (where: RegExp, what: RegExp, files = SHARED): string[] =>
    files.filter(({ path, code }) => what.test(code) && !where.test(path)).map(({ path }) => path);

  test("the environment is read in config/environment.ts", () => {
    // `{{process.env.…}}` is a variable of Bruno's.
    const reading = /(?<!\{\{)process\.env/;
    expect(onlyIn(/^shared\/config\/environment\.ts$/, reading, PRODUCT)).toEqual([]);
  });

  test("the time is read in clock.ts, and in a browser in a clock.ts of its own", () => {
    const reading =
      /Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|timers\/promises/;
    const clocks = /^(shared|emulator\/page\/browser|console)\/clock\.ts$/;
    expect(onlyIn(clocks, reading, PRODUCT)).toEqual([]);
  });

  test("SQL is in store/", () => {
    expect(
      onlyIn(
        /^shared\/store\//,
        /\b(select|update|delete from|insert into)\b[^;]*\b(from|set|where|values)\b/,
      ),
    ).toEqual([]);
  });

  const importersOf = (name: string): string[] =>
    SHARED.filter(({ imports }) => imports.some((each) => each === `npm:${name}`)).map(
      ({ path }) => path,
    );

  test("fast-check is used through test/support/properties.ts, which gives it its seed", () => {
    const tests = sourcesIn("test").filter(({ imports }) => imports.includes("npm:fast-check"));
    expect(tests.map(({ path }) => path)).toEqual(["test/support/properties.ts"]);
  });

  test("ajv is used in contract/ only", () => {
    for (const path of importersOf("ajv")) expect(path).toMatch(/^shared\/contract\//);
    expect(importersOf("ajv")).not.toEqual([]);
  });

  test("commander's parser runs in terminal/command.ts", () => {
    const parsers = /^local\/terminal\/command\.ts$/;
    expect(onlyIn(parsers, /\.parse(Async)?\([^)]*from: "user"/, PRODUCT)).toEqual([]);
  });

  test("middy is used in runtime/ only", () => {
    for (const path of importersOf("@middy/core")) expect(path).toMatch(/^shared\/runtime\//);
    expect(importersOf("@middy/core")).not.toEqual([]);
  });

  test("no deployed function can import the embedded database", () => {
    const functions = PRODUCT.filter(({ path }) => path.startsWith("functions/"));
    const reached = new Set(functions.flatMap(({ path }) => [...reachedFrom(path)]));
    expect(reached).toContain("shared/store/engine/postgres.ts");
    expect(reached).not.toContain("shared/store/engine/pglite.ts");
  });
});

describe("files", () => {
  test("are short", () => {
    const long = PRODUCT.filter(({ text }) => text.split("\n").length > 250).map(
      ({ path }) => path,
    );
    expect(long).toEqual([]);
  });

  test("export by name", () => {
    const byDefault = PRODUCT.filter(({ code }) => /\bexport default\b/.test(code));
    expect(byDefault.map(({ path }) => path)).toEqual([]);
  });

  test("have no TODO", () => {
    const left = PRODUCT.filter(({ text }) => /\b(TODO|FIXME|XXX)\b/.test(text));
    expect(left.map(({ path }) => path)).toEqual([]);
  });

  test("the lock file names no download address", () => {
    expect(readFileSync(join(ROOT, "package-lock.json"), "utf8")).not.toMatch(
      /"resolved": "https?:/,
    );
  });
});

describe("one name per function", () => {
  const files = readdirSync(join(ROOT, "functions")).map((file) => file.replace(/\.ts$/, ""));
  const declared = parse(readFileSync(join(ROOT, "serverless.yml"), "utf8")) as {
    functions: Record<string, { handler: string }>;
  };

  test("serverless.yml declares each file of functions/ under its name", () => {
    expect(Object.keys(declared.functions).sort()).toEqual([...files].sort());
    for (const [name, { handler }] of Object.entries(declared.functions)) {
      expect(handler).toBe(`${name}.handler`);
    }
  });

  test.each(files)("docs/contract.md and the log call %s by its name", (functionName) => {
    expect(readFileSync(join(ROOT, "docs/contract.md"), "utf8")).toContain(`\`${functionName}\``);
    expect(readFileSync(join(ROOT, "functions", `${functionName}.ts`), "utf8")).toContain(
      `("${functionName}"`,
    );
  });
});

/**
 * All files that this file imports, directly or through others. It contains the file itself only in
 * a cycle.
 */
function reachedFrom(path: string): Set<string> {
  const reached = new Set<string>();
  const visit = (from: string): void => {
    for (const imported of IMPORTS.get(from) ?? []) {
      if (reached.has(imported)) continue;
      reached.add(imported);
      visit(imported);
    }
  };
  visit(path);
  return reached;
}

function sourcesIn(folder: string): SourceFile[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return entries
    .filter((entry) => entry.endsWith(".ts"))
    .map((entry) => {
      const path = join(folder, entry);
      const text = readFileSync(join(ROOT, path), "utf8");
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
      return { path, text, code, imports: importsOf(path, code) };
    });
}

/** Own files by their path, and packages as `npm:name`. The list leaves out Node's own modules. */
function importsOf(path: string, code: string): string[] {
  const specifiers = [...code.matchAll(/(?:from|import)\s*\(?\s*["']([^"'$]+)["']/g)].map(
    (each) => each[1] ?? "",
  );
  return specifiers
    .filter((each) => !each.startsWith("node:"))
    .map((each) => {
      if (!each.startsWith(".")) return `npm:${each}`;
      return relative(ROOT, join(ROOT, dirname(path), each)).replace(/\.js$/, ".ts");
    });
}
