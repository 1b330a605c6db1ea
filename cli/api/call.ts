/**
 * Calls an action. A request without an answer may have been carried out, so it is sent again only
 * where that changes nothing twice: under its ClientToken, or because it only reads or stops.
 */
import { randomUUID } from "node:crypto";
import { SECOND_MS } from "../../shared/clock.js";
import { errorRow } from "../../shared/contract/error-table.js";
import type { Action } from "../../shared/contract/schemas.js";
import { withoutQueries } from "../../shared/trtc/trtc-error.js";
import type { Io } from "../../local/terminal/io.js";
import { printable } from "../../local/terminal/terminal.js";
import { type Answer, NoAnswer, send } from "./send.js";
import type { Target } from "./target.js";

export interface Connection {
  target: Target;
  io: Io;
  isVerbose: boolean;
}

/** What a caller does once for each name. */
const NAMED: ReadonlySet<Action> = new Set([
  "StartStreamIngest",
  "UpdateStreamIngest",
  "CreateIngestSchedule",
  "UpdateIngestSchedule",
  "RunIngestSchedule",
]);

/** A second one would be refused, although the first was carried out. */
const ONCE: ReadonlySet<Action> = new Set(["DeleteIngestSchedule", "SkipIngestOccurrence"]);

const PAUSES_MS = [SECOND_MS, 2 * SECOND_MS];

/** Throws NoAnswer when no attempt had a clear answer. A refusal is an answer. */
export async function call(
  connection: Connection,
  action: Action,
  fields: object,
): Promise<Answer> {
  const request = NAMED.has(action) ? { ClientToken: `cli-${randomUUID()}`, ...fields } : fields;
  const pauses = ONCE.has(action) ? [] : PAUSES_MS;
  for (const pauseMs of pauses) {
    const answer = await attempt(connection, action, request);
    if (!(answer instanceof NoAnswer) && !isUnclear(answer)) return answer;
    tell(connection, `${wordsOf(answer)}: sending the same request again`);
    await connection.io.clock.sleep(pauseMs);
  }
  const answer = await attempt(connection, action, request);
  if (answer instanceof NoAnswer) throw new NoAnswer(`${answer.message}. ${advice(request)}`);
  return answer;
}

async function attempt(
  connection: Connection,
  action: Action,
  request: object,
): Promise<Answer | NoAnswer> {
  const { target, io, isVerbose } = connection;
  if (isVerbose) tell(connection, `> ${action} ${target.url.origin} ${shown(request)}`);
  try {
    const answer = await send(target, { action, request }, io.clock);
    if (isVerbose) {
      tell(connection, `< ${answer.error?.code ?? "ok"} RequestId ${answer.requestId}`);
    }
    return answer;
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

/** Signed logins are secret, and so may be the query of a StreamUrl. */
const shown = (request: object): string =>
  withoutQueries(
    JSON.stringify(request, (name, value: unknown) =>
      name === "UserSig" || name === "PrivateMapKey" ? "…" : value,
    ),
  );

/** Codes whose advice is to send the same request again, because the outcome is not known. */
const UNKNOWN_OUTCOME = /^(InternalError|ServiceUnavailable)\b/;

const isUnclear = ({ error }: Answer): boolean =>
  error !== undefined && UNKNOWN_OUTCOME.test(error.code) && errorRow(error.code).retry;

const wordsOf = (answer: Answer | NoAnswer): string =>
  answer instanceof NoAnswer ? answer.message : (answer.error?.code ?? "");

function advice(request: object): string {
  const { ClientToken } = request as { ClientToken?: string };
  return ClientToken === undefined
    ? "Send it again, or look with describe or list what has become of it"
    : `It may have been carried out: send it again with --client-token ${ClientToken}, which does nothing twice`;
}

function tell({ io }: Connection, line: string): void {
  io.err.write(`${printable(line)}\n`);
}
