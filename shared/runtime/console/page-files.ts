/**
 * The files of the page, built when the first one is asked for. So a run on this machine has no
 * build step to forget. The build of the functions puts the built files in the place of this
 * module: see deploy/build.
 */
import { buildPage, type PageFiles } from "./build-page.js";

export const pageFiles: () => Promise<PageFiles> = buildPage;
