/**
 * Keeps what only some calls need in files of their own, beside the functions. A function loads
 * such a file at its first use, so an instance never parses what it does not use.
 */
import { join } from "node:path";
import type { Plugin } from "esbuild";

interface Part {
  /** The file's contents. */
  entry: (root: string) => string;
  /** The module that the functions import on demand. */
  imported: RegExp;
  /** The function that loads it when it is called, where the sources have a plain import. */
  atCall?: string;
}

/** By the file's name, without its extension. */
const PARTS: Readonly<Record<string, Part>> = {
  /** For a deployment whose accounts are in several databases. */
  "call-placed": {
    entry: (root) => join(root, "shared", "ingest", "places", "call-placed.ts"),
    imported: /\/places\/call-placed\.js$/,
  },
  /** For a database whose authority is its own. */
  "database-ca": {
    entry: (root) => join(root, "shared", "config", "database", "parse-ca.ts"),
    imported: /\/parse-ca\.js$/,
    atCall: "parseDatabaseCa",
  },
  "database-urls": {
    entry: (root) => join(root, "shared", "config", "database", "parse-urls.ts"),
    imported: /\/parse-urls\.js$/,
    atCall: "parseDatabaseUrls",
  },
  /** For a deployment that has an OpenTelemetry collector. */
  meter: {
    entry: (root) => join(root, "shared", "runtime", "telemetry", "meter.ts"),
    imported: /^\.\/meter\.js$/,
  },
  /** For a start that asks for a probe. */
  "media-reader": {
    entry: (root) => join(root, "shared", "media", "reader.ts"),
    imported: /\/media\/reader\.js$/,
  },
  /** For a setting that has a pattern. */
  "pattern-engine": { entry: () => "re2js", imported: /^re2js$/ },
  /** For calls to TRTC. */
  "trtc-sdk": {
    entry: (root) => join(root, "shared", "trtc", "sdk.ts"),
    imported: /^\.\/sdk\.js$/,
  },
};

/** The files beside the functions, without their extension. */
export const BESIDE: readonly string[] = Object.keys(PARTS);

/** The entry points of the files. */
export const besideEntries = (root: string): { in: string; out: string }[] =>
  Object.entries(PARTS).map(([out, { entry }]) => ({ in: entry(root), out }));

const ON_DEMAND = new Set(["dynamic-import", "require-call"]);
const AT_CALL = "at-call";

export const beside: Plugin = {
  name: "beside",
  setup(build) {
    for (const [file, { imported, atCall }] of Object.entries(PARTS)) {
      build.onResolve({ filter: imported }, ({ kind }) => {
        if (ON_DEMAND.has(kind)) return { path: `./${file}.js`, external: true };
        if (atCall === undefined || kind !== "import-statement") return undefined;
        return { path: `${file}.cjs`, namespace: AT_CALL };
      });
    }
    build.onLoad({ filter: /.*/, namespace: AT_CALL }, ({ path }) => {
      const { atCall } = PARTS[path.slice(0, -".cjs".length)] as Part;
      const target = path.replace(/\.cjs$/, ".js");
      return {
        contents: `exports.${atCall} = (...all) => require("./${target}").${atCall}(...all);`,
      };
    });
    build.onResolve({ filter: /.*/, namespace: AT_CALL }, ({ path }) => ({ path, external: true }));
  },
};

const ENGINE = "pattern-engine";

/** The source makes a `require` of its own, which esbuild cannot see. */
export const patternEngine: Plugin = {
  name: ENGINE,
  setup(build) {
    build.onResolve({ filter: /^\.\/pattern-engine\.js$/ }, () => ({
      path: "pattern-engine.cjs",
      namespace: ENGINE,
    }));
    build.onLoad({ filter: /.*/, namespace: ENGINE }, () => ({
      contents: 'exports.loadEngine = () => require("re2js");',
      resolveDir: import.meta.dirname,
      loader: "js",
    }));
  },
};
