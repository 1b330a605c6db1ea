/**
 * Snapshots of empty embedded databases, beside the installed packages. Each version of the tables
 * has one.
 */
import { fileURLToPath } from "node:url";

export const SNAPSHOTS = fileURLToPath(
  new URL("../../node_modules/.cache/trtc-stream-ingest", import.meta.url),
);
