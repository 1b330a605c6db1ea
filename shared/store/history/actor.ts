/** Who changes an ingest. A store is bound to its actor once for each run, as the log is. */
import type { ACTOR_KINDS } from "../../contract/timeline.js";
import type { Database, Query } from "../engine/database.js";
import { ACTOR, sql } from "../engine/sql.js";

export interface Actor {
  kind: (typeof ACTOR_KINDS)[number];
  /** The caller, the function of a timer or a callback, the source of a message, the operator. */
  id: string;
  /** The function or the command that makes the change. */
  function: string;
  /** The address that the request came from, where the platform says it. */
  from?: string | undefined;
  requestId?: string | undefined;
}

/**
 * For every statement that changes what history keeps. A trigger moves it into the event. Without
 * it, the event has no actor.
 */
export const BY_ACTOR = sql`changed_by = ${ACTOR}::jsonb`;

/** The column of a new row, and its value. */
export const CREATED_BY = sql`${ACTOR}::jsonb`;

/** The same database, with the actor in its place among the parameters. */
export const actingFor = (
  database: Pick<Database, "query" | "transaction">,
  actor: Partial<Actor>,
): Pick<Database, "query" | "transaction"> => ({
  query: queryFor(database.query, actor),
  transaction: (work) => database.transaction((query) => work(queryFor(query, actor))),
});

export function queryFor(query: Query, actor: Partial<Actor>): Query {
  const text = actor.kind === undefined ? null : JSON.stringify(actor);
  return (statement, parameters, planning) =>
    query(
      statement,
      parameters?.map((value) => (value === ACTOR ? text : value)),
      planning,
    );
}
