/** The same files always give the same zip bytes. */
import { zipSync } from "fflate";

/** The earliest time in a zip. The files' own times are not used. */
const MTIME = new Date(1980, 0, 1);

/** Readable by the user that runs functions on the platform. */
const UNIX_MODE = 0o644 << 16;
const UNIX = 3;

export function zipOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  const options = { level: 9, mtime: MTIME, os: UNIX, attrs: UNIX_MODE } as const;
  return zipSync(Object.fromEntries(sorted.map(([name, bytes]) => [name, [bytes, options]])));
}
