/**
 * Builds the functions before they are packaged, so that what is uploaded is what stands in the
 * sources, and nobody deploys the build of yesterday.
 */
import { buildFunctions } from "../build/build-functions.js";
import type { Serverless } from "./serverless-api.js";

export class BuildPlugin {
  readonly hooks: Record<string, () => Promise<void>>;

  constructor(serverless: Serverless) {
    this.hooks = {
      "before:package:createDeploymentArtifacts": async () => {
        const { files, zip } = await buildFunctions();
        const kilobytes = (zip.length / 1000).toFixed(0);
        serverless.cli.log(`Built ${files.size} functions, ${kilobytes} kB in one zip`);
      },
    };
  }
}
