/** A fresh, migrated database for each test. */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Database } from "../../../shared/store/engine/database.js";
import { openPglite } from "../../../shared/store/engine/pglite.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { TEMPLATE } from "../app/template.js";

export const SNAPSHOTS = fileURLToPath(
  new URL("../../../node_modules/.cache/trtc-stream-ingest", import.meta.url),
);

/** The URL of a new database on the run's PostgreSQL. */
export async function newPostgresUrl({ template = TEMPLATE } = {}): Promise<string> {
  const adminUrl = process.env["TEST_POSTGRES"] ?? "";
  const name = `test_${randomBytes(6).toString("hex")}`;
  const admin = openPostgres(adminUrl, { connectionsMax: 1 });
  await admin.query(`create database ${name} template ${template}`);
  await admin.close();
  return adminUrl.replace(/\/postgres$/, `/${name}`);
}

/** As after `npm run migrate`: health waits for the first runs of the timers. A template is older. */
export async function newlyMigratedUrl(): Promise<string> {
  const url = await newPostgresUrl();
  const database = openPostgres(url, { connectionsMax: 1 });
  await database.query("update schema_migration set applied_at = now()");
  await database.close();
  return url;
}

export const openTestPostgres = async (): Promise<Database> => openPostgres(await newPostgresUrl());

export const openTestPglite = (): Promise<Database> => openPglite({ snapshotDirectory: SNAPSHOTS });

/** Runs a suite on both engines: the store's promises do not depend on the engine. */
export const ENGINES = [
  ["PostgreSQL", openTestPostgres],
  ["PGlite", openTestPglite],
] as const;
