/** The whole project with its accounts in two databases: `intl` in that of DATABASE_URL, `cn` elsewhere. */
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "./database/databases.js";
import { startTestApp, type TestApp, type TestAppOptions } from "./app/test-app.js";

export interface SplitApp extends TestApp {
  /** The database of DATABASE_URL. */
  main: Database;
  mainUrl: string;
  /** The database of the account `cn`. */
  other: Database;
  otherUrl: string;
}

export interface SplitOptions extends TestAppOptions {
  /** The databases of the account `cn`. */
  urlsOfCn?: (urls: { mainUrl: string; otherUrl: string }) => string[];
  /** The URL that the app opens in the place of the other database's own. */
  reachedAt?: (otherUrl: string) => string | Promise<string>;
}

export async function startSplitApp(options: SplitOptions = {}): Promise<SplitApp> {
  const mainUrl = await newPostgresUrl();
  const ownUrl = await newPostgresUrl();
  const otherUrl = (await options.reachedAt?.(ownUrl)) ?? ownUrl;
  const { urlsOfCn = () => [otherUrl] } = options;
  const main = openPostgres(mainUrl);
  const other = openPostgres(otherUrl);
  const DATABASE_URLS = JSON.stringify({ cn: urlsOfCn({ mainUrl, otherUrl }) });
  const app = await startTestApp({
    ...options,
    env: { ...options.env, DATABASE_URL: mainUrl, DATABASE_URLS },
    database: main,
    others: new Map([[otherUrl, other]]),
  });
  return { ...app, main, mainUrl, other, otherUrl };
}

/** The TaskIds that a database has, newest first. */
export async function tasksIn(database: Database): Promise<string[]> {
  const rows = await database.query("select task_id from ingest order by task_id desc");
  return rows.map((row) => String(row["task_id"]));
}
