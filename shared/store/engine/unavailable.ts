/**
 * Turns a failed statement into the caller's answer. A database that is unreachable, full, failing
 * over or locked is no bug of ours. The same request may work in a second: `ServiceUnavailable`.
 * Every other error of the server is a bug and stays as it is.
 *
 * The server may have carried out a statement whose answer was lost. This is safe: a row that it
 * wrote is found again, by its ClientToken or when its lease lapses.
 */
import { ApiError } from "../../contract/errors.js";

/** Sentences of the log that begin with "The database", by the first characters of PostgreSQL's code. */
const AWAY: Readonly<Record<string, string>> = {
  "08": "broke the connection off, or its pooler has none to give",
  "25006": "takes no writes: it is failing over, or DATABASE_URL leads to a replica",
  "28": "refused the login of DATABASE_URL",
  "3D": "of DATABASE_URL does not exist on its server",
  "40": "gave up the statement in favour of another that was in its way",
  "53": "is out of connections, memory or disk",
  "55P03": "did not get a lock in time that another session holds",
  "57": "is starting or stopping, or ended the statement or the connection",
  "58": "has trouble with its files",
};

/** The same function, but it throws `ServiceUnavailable` when the database is not available. */
export const reportingAway =
  <Asked extends unknown[], Answer>(ask: (...asked: Asked) => Promise<Answer>) =>
  (...asked: Asked): Promise<Answer> =>
    ask(...asked).catch((error: unknown) => {
      throw unavailable(error) ?? error;
    });

/** The database did not carry out the statement, or did not say so. It may work in a second. */
export const isAway = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === "ServiceUnavailable" && error.cause !== undefined;

/** A database that this process has closed stays away, and every other one may come back. */
export const mayComeBack = (error: unknown): boolean =>
  isAway(error) && (Object(error.cause) as Partial<Unsent>).isClosed !== true;

/** A mark on the driver's error: no connection could be opened. */
export interface Unsent {
  isUnsent: true;
  /** This process has closed the database. */
  isClosed?: boolean;
}

/** The server may have carried out the statement: the connection broke, or its process ended. */
export function mayHaveArrived(error: unknown): boolean {
  if (!isAway(error)) return false;
  const { isUnsent, severity, code } = Object(error.cause) as Record<string, unknown>;
  return isUnsent !== true && (severity === undefined || /^(08|57P)/.test(String(code)));
}

function unavailable(cause: unknown): ApiError | undefined {
  const reason = reasonOf(cause);
  if (reason === undefined) return undefined;
  const detail = `The database ${reason}`;
  return new ApiError("ServiceUnavailable", undefined, { detail, cause });
}

/** Uses codes and messages of `pg` only: messages of a server or the network may name hosts and users. */
function reasonOf(error: unknown): string | undefined {
  const { name, message, code, severity } = Object(error) as Record<string, unknown>;
  if (severity !== undefined) {
    const [, words] = Object.entries(AWAY).find(([start]) => String(code).startsWith(start)) ?? [];
    return words === undefined ? undefined : `${words} (${String(code)})`;
  }
  // The error is not from the server. Errors of the network and of `pg` have no class of their own;
  // a TypeError or an error of ours has another name.
  if (name !== "Error" && name !== "AggregateError") return undefined;
  return typeof code === "string"
    ? `cannot be reached (${code})`
    : `is silent (${String(message)})`;
}
