/** Where embedded databases begin: beside the installed packages, made once for each version of the tables. */
import { fileURLToPath } from "node:url";

export const SNAPSHOTS = fileURLToPath(
  new URL("../../node_modules/.cache/trtc-stream-ingest", import.meta.url),
);
