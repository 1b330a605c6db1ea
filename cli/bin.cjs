#!/usr/bin/env node
/** The `bin` of package.json. The command line is TypeScript like everything else, and tsx reads it. */
import("tsx/esm/api").then(({ register }) => {
  register();
  return import("./trtc-ingest.ts");
});
