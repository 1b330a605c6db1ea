/** Puts the built page of the console into the function that serves it. */
import type { Plugin } from "esbuild";
import { buildPage } from "../../shared/runtime/console/build-page.js";

const NAMESPACE = "console-page";

export const consolePage: Plugin = {
  name: NAMESPACE,
  setup(build) {
    build.onResolve({ filter: /^\.\/page-files\.js$/ }, () => ({
      path: "page-files.js",
      namespace: NAMESPACE,
    }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, async () => ({
      contents: `export const pageFiles = () => Promise.resolve(${JSON.stringify(await buildPage())});`,
      loader: "js",
    }));
  },
};
