/**
 * The engine of patterns, loaded by the first that is set: it costs 20 ms and more. In a bundle
 * deploy/build puts a `require` that esbuild can see in the place of this file.
 */
import { createRequire } from "node:module";
import type * as Engine from "re2js";

export const loadEngine = (): typeof Engine =>
  createRequire(import.meta.url)("re2js") as typeof Engine;
