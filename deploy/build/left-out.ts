/**
 * Leaves out modules that the SDK's dependencies load and our calls never use. They are more than
 * half of a function's bytes. Every cold start would read them, and its first call would run them.
 */
import type { Plugin } from "esbuild";

const NAMESPACE = "left-out";

/** The replacement of each module. */
const STAND_INS: Readonly<Record<string, string>> = {
  // node-fetch uses it on a Node.js without URL. It contains the tables of Unicode host names.
  "whatwg-url": `exports.URL = URL;`,
  // For uploads, with all media types. No action of TRTC takes a file.
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
