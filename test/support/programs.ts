/** Programs of the machine that some suites need. Without one, its suites are skipped. */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's package, with the codecs that the bundled clip needs: `apt-get install chromium`. */
export const CHROMIUM = "/usr/bin/chromium";

const onPath = (name: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));

/** Debian puts it where a user's PATH may not lead: `apt-get install pgbouncer`. */
export const PGBOUNCER = onPath("pgbouncer");

/** Debian's package has both: `apt-get install prometheus`. */
export const PROMETHEUS = onPath("prometheus");
export const PROMTOOL = onPath("promtool");

export const hasChromium = existsSync(CHROMIUM);

/** `apt-get install zsh`. */
export const ZSH = "/usr/bin/zsh";

export const hasZsh = existsSync(ZSH);

/** Debian's ca-certificates need it. */
export const hasOpenssl = onPath("openssl") !== undefined;

/** Debian keeps a server's programs in a folder for each version: `apt-get install postgresql-15`. */
export const POSTGRES_BIN = debianPostgres();

function debianPostgres(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .filter((version) => Number(version) >= 15)
    .map((version) => join(root, version, "bin"))
    .find((bin) => existsSync(join(bin, "pg_basebackup")) && existsSync(join(bin, "postgres")));
}

export const missingPrograms = (): string[] => [
  ...(hasChromium ? [] : ["Chromium"]),
  ...(PGBOUNCER === undefined ? ["PgBouncer"] : []),
  ...(PROMETHEUS === undefined || PROMTOOL === undefined ? ["Prometheus"] : []),
  ...(hasZsh ? [] : ["zsh"]),
  ...(POSTGRES_BIN === undefined ? ["PostgreSQL 15 with pg_basebackup"] : []),
  ...(hasOpenssl ? [] : ["OpenSSL"]),
];
