/** One PostgreSQL for the whole run; each test file makes databases of its own from a template. */
import { migrate } from "../../../shared/store/schema/migrate.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { type PostgresServer, startPostgres } from "../../../local/environment/postgres-server.js";
import { TEMPLATE } from "../app/template.js";

let server: PostgresServer | undefined;

export async function start(): Promise<void> {
  server = await startPostgres();
  process.env["TEST_POSTGRES"] = server.urlOf("postgres");
  const admin = openPostgres(server.urlOf("postgres"));
  await admin.query(`create database ${TEMPLATE}`);
  await admin.close();
  const template = openPostgres(server.urlOf(TEMPLATE));
  await migrate(template);
  await template.close();
}

export const stop = async (): Promise<void> => server?.stop();
