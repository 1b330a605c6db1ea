/**
 * Includes the engine of patterns in each bundle, and still runs it only on demand. It replaces a
 * `require` that esbuild cannot see with one that it can.
 */
import type { Plugin } from "esbuild";

const NAMESPACE = "engine-within";

export const engineWithin: Plugin = {
  name: NAMESPACE,
  setup(build) {
    build.onResolve({ filter: /^\.\/pattern-engine\.js$/ }, () => ({
      path: "pattern-engine.cjs",
      namespace: NAMESPACE,
    }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
      contents: 'exports.loadEngine = () => require("re2js");',
      resolveDir: import.meta.dirname,
      loader: "js",
    }));
  },
};
