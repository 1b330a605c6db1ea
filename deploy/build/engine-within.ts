/**
 * The engine of patterns becomes a part of each bundle, and still runs only when it is asked for.
 * For that, a `require` that esbuild can see replaces one that it cannot.
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
