/** Programs of the machine that some suites need. Without one, its suites are skipped. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's package, with the codecs that the bundled clip needs: `apt-get install chromium`. */
export const CHROMIUM = "/usr/bin/chromium";

/** Debian puts it where a user's PATH may not lead: `apt-get install pgbouncer`. */
export const PGBOUNCER = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]
  .map((directory) => join(directory, "pgbouncer"))
  .find((path) => existsSync(path));

export const hasChromium = existsSync(CHROMIUM);

export const missingPrograms = (): string[] => [
  ...(hasChromium ? [] : ["Chromium"]),
  ...(PGBOUNCER === undefined ? ["PgBouncer"] : []),
];
