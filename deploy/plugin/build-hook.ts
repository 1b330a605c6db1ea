/**
 * Builds the functions before they are packaged, so that a deployment always matches the sources.
 */
import { buildFunctions } from "../build/build-functions.js";
import type { Serverless } from "./serverless-api.js";

export const buildHook = ({ cli }: Pick<Serverless, "cli">) => ({
  "before:package:createDeploymentArtifacts": async (): Promise<void> => {
    const { files, zip } = await buildFunctions();
    cli.log(`Built ${files.size} files, ${(zip.length / 1000).toFixed(0)} kB in one zip`);
  },
});
