/**
 * Leaves out what the SDK's dependencies load and our calls never reach. It is more than half of a
 * function's bytes. Every cold start would have to read it and, at its first call, run it.
 */
import type { Plugin } from "esbuild";

const NAMESPACE = "left-out";

/** What stands in each one's place. */
const STAND_INS: Readonly<Record<string, string>> = {
  // node-fetch's fallback for a Node.js without URL, with the tables of Unicode host names.
  "whatwg-url": `exports.URL = URL;`,
  // For uploads, with every media type there is: no action of TRTC takes a file.
  "form-data": `module.exports = class {
    constructor() { throw new Error("form-data is left out of this bundle"); }
  };`,
};

export const leftOut: Plugin = {
  name: NAMESPACE,
  setup(build) {
    const names = Object.keys(STAND_INS).join("|");
    build.onResolve({ filter: new RegExp(`^(${names})$`) }, ({ path }) => ({
      path,
      namespace: NAMESPACE,
    }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: STAND_INS[path] ?? "",
      loader: "js",
    }));
  },
};
