/**
 * The database: reachable, safe, of a supported version, with free connections, and without overdue
 * work.
 */
import type { Database } from "../../shared/store/engine/database.js";
import { clockSkew, connections, tableSizes } from "../../shared/health/database.js";
import { workRows } from "../../shared/health/work.js";
import {
  type DatabaseHealth,
  readHealth,
  readLacking,
} from "../../shared/store/health/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { connectionFacts } from "../../shared/store/engine/postgres-connection.js";
import { readVersion, versionFault } from "../../shared/store/schema/version.js";
import { otherUrls } from "../../shared/store/places.js";
import { networkWords } from "./network-errors.js";
import { duration, fail, pass, type Row, skip, warn } from "../../shared/health/row.js";
import { PATIENCE_MS, type Subject } from "./subject.js";
import { checkTransport, isThisMachine } from "./transport.js";

/** Of several databases, each row names its own by the accounts in it. */
export async function checkDatabases(subject: Subject): Promise<Row[]> {
  const { databaseUrl, databaseUrls } = subject.config;
  const others = databaseUrls ? otherUrls({ databaseUrl, databaseUrls }) : [];
  const main = await checkDatabase(subject, databaseUrl);
  if (others.length === 0) return main;
  const rows = await Promise.all(
    others.map(async (url) => {
      const accounts = [...(databaseUrls ?? [])].flatMap(([account, urls]) =>
        urls.includes(url) ? account : [],
      );
      return named(accounts.join(", "), await checkDatabase(subject, url));
    }),
  );
  return [...named("default", main), ...rows.flat()];
}

const named = (name: string, rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row, check: `${name}: ${row.check}` }));

async function checkDatabase(subject: Subject, databaseUrl: string | undefined): Promise<Row[]> {
  const { databaseCa } = subject.config;
  const check = "database";
  if (databaseUrl === undefined) {
    const isEmbedded = subject.isLocal && !subject.faults.has("DATABASE_URL");
    return [skip(check, isEmbedded ? "embedded in npm start, which checks it" : "no DATABASE_URL")];
  }
  if (subject.faults.has("DATABASE_CA")) return [skip(check, "DATABASE_CA is wrong")];
  const address = { url: databaseUrl, ca: databaseCa };
  let database: Database | undefined;
  // Reported even if the database does not answer, because the next attempt would send the
  // password.
  let encryption: Row | undefined;
  try {
    encryption = checkTransport(connectionFacts(address));
    database = openPostgres(address, { connectionsMax: 1, queryTimeoutMs: PATIENCE_MS });
    // The first query connects. Its time must not count in the clock check.
    await database.query("select 1");
    const before = subject.clock.now().getTime();
    const health = await readHealth(database.query);
    const skewMs = health.nowMs - (before + subject.clock.now().getTime()) / 2;
    return [
      serverVersion(health),
      encryption,
      ...(await ours(database, health, subject)),
      connections(health),
      timeLimit(health, connectionFacts(address).host),
      clockSkew(skewMs),
    ];
  } catch (error) {
    const { finding, todo } = networkWords(error);
    return [fail(check, finding, todo), ...(encryption?.verdict === "fail" ? [encryption] : [])];
  } finally {
    await database?.close();
  }
}

/** The first version with all features that the tables use. */
const VERSION_MIN = 120_000;

function serverVersion({ serverVersion: version, serverVersionNumber }: DatabaseHealth): Row {
  const finding = `PostgreSQL ${version} answers`;
  if (serverVersionNumber >= VERSION_MIN) return pass("database", finding);
  return fail("database", finding, "use PostgreSQL 12 or newer");
}

async function ours(database: Database, health: DatabaseHealth, subject: Subject): Promise<Row[]> {
  const current = await readVersion(database.query);
  const fault = versionFault(current);
  const check = "database: version";
  if (fault !== undefined) {
    const [what = fault, todo = fault] = fault.split(/: (?=run|deploy)/);
    return [fail(check, what, todo), skip("deadlines", "the database's version does not fit")];
  }
  const version = pass(check, `migrated, at version ${current.version}`);
  const lacking = await readLacking(database.query);
  if (lacking.length > 0) {
    const rights = fail(
      "database: rights",
      `the role lacks ${lacking.join(", ")}`,
      "grant it them",
    );
    return [version, rights, skip("deadlines", "the role lacks rights")];
  }
  const rights = pass("database: rights", "the role may read and write the tables");
  const { advanceTickMs, expiryTickMs } = subject.config;
  if (expiryTickMs === undefined) {
    return [version, rights, skip("deadlines", "EXPIRY_TICK_SECONDS is wrong")];
  }
  const graceMs = 2 * expiryTickMs;
  const ticks = { advanceTickMs: advanceTickMs ?? 0, expiryTickMs };
  return [rights, tableSizes(health), ...(await workRows(database.query, { ticks, graceMs }))];
}

/**
 * Our client gives up after ten seconds. Without this limit the statement would keep waiting at the
 * server, once more for each retry.
 */
const LIMIT_MAX_MS = 60_000;

function timeLimit({ statementTimeoutMs }: DatabaseHealth, host: string): Row {
  const check = "database: time limit";
  if (statementTimeoutMs === 0 && isThisMachine(host)) {
    return pass(check, "not needed: the database is on this machine");
  }
  if (statementTimeoutMs > 0 && statementTimeoutMs <= LIMIT_MAX_MS) {
    return pass(check, `the server ends a statement after ${duration(statementTimeoutMs)}`);
  }
  const finding =
    "a statement that waits for a lock keeps running at the server after its function has ended";
  return warn(check, finding, "alter database … set statement_timeout = '10s'");
}
