/**
 * Other commands on this machine send their questions to a run of `npm start` here. The embedded
 * database takes one process only, so the run answers with its own rows, settings and clock. The
 * caller sends the key of the run file. gateway.ts applies its usual checks first.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Environment } from "../shared/config/environment.js";
import type { Services } from "../shared/ingest/services.js";
import { equalInConstantTime } from "../shared/signing/constant-time.js";
import type { Database } from "../shared/store/engine/database.js";
import { runAdmin } from "../ops/admin/run.js";
import { runDeadLetters } from "../ops/dead-letters/run.js";
import { runReport } from "../ops/report/run.js";
import { DESK_PATH } from "./environment/run-file.js";
import { isJson } from "../emulator/api/foreign.js";

export interface Desk {
  key: string;
  services: Services;
  database: Database;
  env: Environment;
  /** How far the run's clock is ahead of the machine's. */
  aheadMs: () => number;
}

const UNKNOWN_COMMAND = "The run does not know this command: restart npm start after an update.";

/** Bodies hold flags only. */
const BODY_BYTES_MAX = 64 * 1024;

export const isDeskPath = (path: string): boolean => path.startsWith(DESK_PATH);

export async function serveDesk(
  desk: Desk | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readText(request);
  const { authorization = "", "content-type": type } = request.headers;
  const answer = (status: number, body: object) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (!desk || !equalInConstantTime(`Bearer ${desk.key}`, authorization)) {
    answer(403, { message: "Send the key of the run file, DATA_DIR/run.json." });
    return;
  }
  const args = isJson(type) ? readArgs(text) : undefined;
  if (request.method !== "POST" || !args) {
    answer(400, { message: 'POST {"args": […]} as application/json.' });
    return;
  }
  const what = (request.url ?? "").slice(DESK_PATH.length);
  try {
    const result = await serve(desk, what, args);
    if (result) answer(200, result);
    else answer(404, { message: UNKNOWN_COMMAND });
  } catch (error) {
    answer(422, { message: error instanceof Error ? error.message : String(error) });
  }
}

async function serve(desk: Desk, what: string, args: string[]): Promise<object | undefined> {
  const { services, database, env } = desk;
  const { clock, store } = services;
  switch (what) {
    case "about":
      return { pid: process.pid, aheadMs: desk.aheadMs() };
    case "report":
      return runReport(args, { query: database.query, now: clock.now() });
    case "admin":
      return runAdmin(args, { query: database.query, services });
    case "dead-letters":
      return runDeadLetters(args, { env, clock, store, services: () => services });
    default:
      return undefined;
  }
}

function readArgs(text: string | undefined): string[] | undefined {
  try {
    const { args = [] } = JSON.parse(text ?? "") as { args?: unknown };
    const isList = Array.isArray(args) && args.every((arg) => typeof arg === "string");
    return isList ? args : undefined;
  } catch {
    return undefined;
  }
}

async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? undefined : Buffer.concat(chunks).toString("utf8");
}
