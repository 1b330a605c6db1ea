/**
 * Leaves out modules that the SDK's dependencies load and our calls never use. They are more than
 * half of a function's bytes. Every cold start would read them, and its first call would run them.
 */
import type { Plugin } from "esbuild";

const NAMESPACE = "left-out";

/** A class that says so, should a call come to need it after all. */
const absent = (name: string): string => `class {
  constructor() { throw new Error("${name} is left out of this bundle"); }
}`;

/** The replacement of each module. */
const STAND_INS: Readonly<Record<string, string>> = {
  // node-fetch uses it on a Node.js without URL. It contains the tables of Unicode host names.
  "whatwg-url": `exports.URL = URL;`,
  // For uploads, with all media types. No action of TRTC takes a file.
  "form-data": `module.exports = ${absent("form-data")};`,
  // For a proxy without an agent. Each of our calls brings its agent.
  "https-proxy-agent": `module.exports = ${absent("https-proxy-agent")};`,
  // json-bigint asks it about each value that it writes. Our requests contain plain numbers.
  "bignumber.js": `module.exports = class { static isBigNumber() { return false; } };`,
  // For answers that come as a stream of events. TRTC's answers are one JSON object.
  readline: `exports.createInterface = () => new (${absent("readline")})();`,
  // For answers that middy streams. Ours are whole.
  "node:stream/web": `exports.ReadableStream = ${absent("node:stream/web")};`,
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
