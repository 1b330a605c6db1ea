/**
 * What a failed statement means to whoever asked for it. That a database is away, full, failing
 * over or busy with somebody else is no bug of ours, and the same request may work in a second:
 * `ServiceUnavailable`. Whatever else a server says of a statement is a bug, and is left as it is.
 *
 * A statement whose answer was lost may have been carried out. That is no matter: every row that
 * it may have written is found again, by its ClientToken or by the lapse of its lease.
 */
import { ApiError } from "../../contract/errors.js";

/** By how PostgreSQL's codes begin (appendix A of its manual): what the log says of "The database". */
const AWAY: Readonly<Record<string, string>> = {
  "08": "broke the connection off, or its pooler has none to give",
  "25006": "takes no writes: it is failing over, or DATABASE_URL leads to a replica",
  "28": "refused the login of DATABASE_URL",
  "3D": "of DATABASE_URL does not exist on its server",
  "40": "gave up the statement in favour of another that was in its way",
  "53": "is out of connections, memory or disk",
  "55P03": "did not get at a table in time, which somebody else holds",
  "57": "is starting or stopping, or ended the statement or the connection",
  "58": "has trouble with its files",
};

/** The same function, which throws `ServiceUnavailable` for a database that is not available. */
export const reportingAway =
  <Asked extends unknown[], Answer>(ask: (...asked: Asked) => Promise<Answer>) =>
  (...asked: Asked): Promise<Answer> =>
    ask(...asked).catch((error: unknown) => {
      throw unavailable(error) ?? error;
    });

function unavailable(cause: unknown): ApiError | undefined {
  const found = foundAway(cause);
  if (found === undefined) return undefined;
  const detail = `The database ${found}`;
  return new ApiError("ServiceUnavailable", undefined, { detail, cause });
}

/** Codes, and words of `pg` itself: what a server or the network says may name hosts and users. */
function foundAway(error: unknown): string | undefined {
  const { name, message, code, severity } = Object(error) as Record<string, unknown>;
  if (severity !== undefined) {
    const [, words] = Object.entries(AWAY).find(([start]) => String(code).startsWith(start)) ?? [];
    return words === undefined ? undefined : `${words} (${String(code)})`;
  }
  // Not from the server. The network's errors, and those of `pg` about it, are of no class of their
  // own; a TypeError, or an error of ours, is something else.
  if (name !== "Error" && name !== "AggregateError") return undefined;
  return typeof code === "string"
    ? `cannot be reached (${code})`
    : `is silent (${String(message)})`;
}
