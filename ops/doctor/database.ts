/**
 * The database: reachable, safe, of a supported version, with free connections, and without overdue
 * work.
 */
import type { Database } from "../../shared/store/engine/database.js";
import { type Backlog, type DatabaseHealth } from "../../shared/store/health.js";
import { readBacklog, readHealth } from "../../shared/store/health.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { connectionFacts } from "../../shared/store/engine/postgres-connection.js";
import { readVersion, versionFault } from "../../shared/store/schema/version.js";
import { networkWords } from "./network-errors.js";
import { counted, duration, fail, pass, type Row, skip, warn } from "./row.js";
import { PATIENCE_MS, type Subject } from "./subject.js";
import { checkTransport, isThisMachine } from "./transport.js";

export async function checkDatabase(subject: Subject): Promise<Row[]> {
  const { databaseUrl, databaseCa } = subject.config;
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

async function ours(
  database: Database,
  { lacking }: DatabaseHealth,
  subject: Subject,
): Promise<Row[]> {
  const current = await readVersion(database.query);
  const fault = versionFault(current);
  const check = "database: version";
  if (fault !== undefined) {
    const [what = fault, todo = fault] = fault.split(/: (?=run|deploy)/);
    return [fail(check, what, todo), skip("deadlines", "the database's version does not fit")];
  }
  const rows = [pass(check, `migrated, at version ${current.version}`)];
  if (lacking.length > 0) {
    const rights = fail(
      "database: rights",
      `the role lacks ${lacking.join(", ")}`,
      "grant it them",
    );
    return [...rows, rights, skip("deadlines", "the role lacks rights")];
  }
  rows.push(pass("database: rights", "the role may read and write the tables"));
  const { expiryTickMs } = subject.config;
  if (expiryTickMs === undefined) {
    return [...rows, skip("deadlines", "EXPIRY_TICK_SECONDS is wrong")];
  }
  const graceMs = 2 * expiryTickMs;
  return [...rows, ...deadlines(await readBacklog(database.query, { graceMs }))];
}

function deadlines(backlog: Backlog): Row[] {
  const { live, overdue, oldestOverdueMs, lateStarts, lateSteps } = backlog;
  const { lateSchedules, unfinished, unclaimed } = backlog;
  const check = "deadlines";
  const rows: Row[] = [];
  if (overdue === 0) rows.push(pass(check, `kept: ${counted(live, "live ingest")}, none overdue`));
  else {
    const finding = `${counted(overdue, "ingest")} overdue by more than two intervals, the oldest by ${duration(oldestOverdueMs)}`;
    const todo =
      "expire-ingests does not run, or cannot stop them: check its trigger and its log; TRTC bills them meanwhile";
    rows.push(fail(check, finding, todo));
  }
  if (lateStarts > 0) {
    const finding = `${counted(lateStarts, "scheduled start")} late by more than two intervals`;
    const todo = "advance-ingests does not run: check its trigger and its log";
    rows.push(fail("scheduled starts", finding, todo));
  }
  if (lateSteps > 0) {
    const finding = `${counted(lateSteps, "programme step")} late by more than two intervals`;
    const todo = "advance-ingests does not run: check its trigger and its log";
    rows.push(fail("programmes", finding, todo));
  }
  if (lateSchedules > 0) {
    const finding = `${counted(lateSchedules, "schedule")} not planned for five minutes or more`;
    const todo =
      "plan-schedules does not run: check its trigger and its log; occurrences start late or are missed meanwhile";
    rows.push(fail("schedules", finding, todo));
  }
  if (unfinished > 0) {
    const finding = `${counted(unfinished, "start")} without an outcome: TRTC did not answer, or the function ended`;
    const todo =
      "reconcile-ingests finishes them within two minutes: if they stay, check its trigger and its log";
    rows.push(warn("starts", finding, todo));
  }
  if (unclaimed > 0) {
    const finding = `${counted(unclaimed, "task")} that TRTC reports and no ingest owns`;
    const todo =
      "if no other system plays streams in these applications, set STOP_UNCLAIMED=on: reconcile-ingests then stops them";
    rows.push(warn("tasks", finding, todo));
  }
  return rows;
}

function connections({ connections: { used, max } }: DatabaseHealth): Row {
  const check = "database: connections";
  const finding = `${used} of ${max} in use`;
  if (used < 0.8 * max) return pass(check, finding);
  return warn(check, finding, "raise max_connections, or put a transaction pooler in front");
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

/** One clock writes leases and another reads them. They last seconds. */
const SKEW_MAX_MS = 2000;

function clockSkew(skewMs: number): Row {
  const check = "database: clock";
  const finding = `${duration(skewMs)} ${skewMs < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) return pass(check, finding);
  return warn(check, finding, "set both by NTP");
}
