/** One instance of the functions in this process, as SCF would run it. Its log goes to a file. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Services } from "../shared/ingest/services.js";
import { jsonLog, type LogFields } from "../shared/log.js";
import type { HttpAnswer } from "../shared/runtime/envelope.js";
import type { HttpHandler } from "../shared/runtime/http.js";
import { makeServices } from "../shared/runtime/services.js";
import type { Database } from "../shared/store/engine/database.js";
import { openPostgres } from "../shared/store/engine/postgres.js";
import { readConfig } from "../shared/config/configuration.js";
import { benchEnvironment, type HttpEvent } from "./accounts.js";
import type { Stage } from "./stage.js";

/** A start's handler: ours, or the one from the documentation. */
export type Handle = (event: unknown) => Promise<{ statusCode: number; body: string }>;

export interface Instance {
  services: Services;
  close: () => Promise<void>;
}

export interface InstanceOptions {
  databaseUrl: string;
  /** Wraps the database. */
  watch?: (database: Database) => Database;
  /** Receives every entry of the log. */
  onLog?: (fields: LogFields) => void;
}

export function openInstance(
  { folder, trtcUrl }: Stage,
  { databaseUrl, watch = (database) => database, onLog = () => undefined }: InstanceOptions,
): Instance {
  const file = openSync(join(folder, "functions.log"), "a");
  const write = jsonLog((line) => writeSync(file, `${line}\n`));
  const database = watch(openPostgres(databaseUrl));
  const services = makeServices({
    config: readConfig(benchEnvironment(trtcUrl)),
    database,
    log: (fields) => {
      onLog(fields);
      write(fields);
    },
  });
  return {
    services,
    async close() {
      services.trtc.close();
      await database.close();
      closeSync(file);
    },
  };
}

const CONTEXT = { request_id: "bench", getRemainingTimeInMillis: () => 20_000 };

/** Returns the answer's fields. Throws when the answer is a refusal. */
export async function ask<T>(handler: HttpHandler, event: HttpEvent): Promise<T> {
  const answer = await handler(event, CONTEXT);
  return fieldsOf(answer) as T;
}

export function fieldsOf({ statusCode, body }: Pick<HttpAnswer, "statusCode" | "body">): object {
  const { Response } = JSON.parse(body) as { Response: { Error?: { Code: string } } };
  if (statusCode === 200 && !Response.Error) return Response;
  throw new Error(`A measured call was refused: ${statusCode} ${body}`);
}
