/** What an operator does to many ingests. The API takes a hundred at once; fewer have time enough. */
import { change, type Filter, listIngests, operator } from "./ingests.js";
import type { Session } from "./session.js";
import type { Ingest } from "./types.js";

const AT_ONCE = 25;

export interface Result {
  TaskId: string;
  Outcome: string;
  Message?: string | null;
}

/** What became of them. */
export interface Outcome {
  results: Result[];
  /** Why the rest was not asked for. */
  failure?: unknown;
}

/** All pages of the list, as the filter is now. */
export const allIngests = async (session: Session, filter: Filter): Promise<Ingest[]> =>
  (await listIngests(session, filter, Number.POSITIVE_INFINITY)).Ingests;

export const stopAll = (session: Session, taskIds: readonly string[]): Promise<Outcome> =>
  forAll(taskIds, (TaskIds) => ask(session, "StopIngests", { TaskIds }));

export const moveAll = (
  session: Session,
  taskIds: readonly string[],
  BySeconds: number,
): Promise<Outcome> =>
  forAll(taskIds, (TaskIds) => ask(session, "MoveIngests", { TaskIds, BySeconds }));

async function ask(session: Session, action: string, body: object): Promise<Result[]> {
  const answer = operator<{ Results: Result[] }>(session, action, { ...body });
  return (await change(answer)).Results;
}

/** One request after the other. A request that fails ends it, and what is done stays done. */
async function forAll(
  taskIds: readonly string[],
  send: (part: readonly string[]) => Promise<Result[]>,
): Promise<Outcome> {
  const results: Result[] = [];
  for (let from = 0; from < taskIds.length; from += AT_ONCE) {
    try {
      results.push(...(await send(taskIds.slice(from, from + AT_ONCE))));
    } catch (failure) {
      return { results, failure };
    }
  }
  return { results };
}
