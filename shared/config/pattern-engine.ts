/**
 * The engine of patterns, loaded with the first pattern, because loading takes 20 ms and more. For
 * a bundle, deploy/build replaces this file with a `require` that esbuild can see.
 */
import { createRequire } from "node:module";
import type * as Engine from "re2js";

export const loadEngine = (): typeof Engine =>
  createRequire(import.meta.url)("re2js") as typeof Engine;
