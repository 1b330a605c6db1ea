/** What the console asks about ingests, for a caller by `./api` and for an operator by `./operator`. */
import { SECOND_MS } from "../clock.js";
import { call, CallError } from "./call.js";
import type { Session } from "./session.js";
import { reportChange } from "./tabs.js";
import type { Ingest, Listing, Timeline } from "./types.js";

export interface Filter {
  room: string;
  state: string;
  caller: string;
  isTroubled: boolean;
}

type Body = Readonly<Record<string, unknown>>;

const api = <T>({ key }: Session, action: string, body: Body): Promise<T> =>
  call<T>({ path: "./api", key, action, body });

export const operator = <T>({ key }: Session, action: string, body: Body): Promise<T> =>
  call<T>({ path: "./operator", key, action, body });

/** The action of the public API, with a caller's key. */
export const callApi = api;

/** A change: other tabs load again after it. */
export async function change<T>(run: Promise<T>): Promise<T> {
  const answer = await run;
  reportChange();
  return answer;
}

/** Rejects when the key is not accepted. */
export const checkKey = (session: Session): Promise<unknown> =>
  session.kind === "caller"
    ? api(session, "ListStreamIngests", { Limit: 1 })
    : operator(session, "ListIngests", { Limit: 1 });

/** A caller's list has at most 100 on a page, an operator's 500. */
const CALLER_LIMIT = 100;
const OPERATOR_LIMIT = 500;

/**
 * So many pages in a row, from the newest on: one request each. A page that is loaded alone would not
 * fit to pages that were loaded before, because new ingests push rows from page to page.
 */
export async function listIngests(
  session: Session,
  filter: Filter,
  pages: number,
): Promise<Listing> {
  const first = await listPage(session, filter);
  const Ingests = [...first.Ingests];
  let { NextCursor } = first;
  for (let page = 1; page < pages && NextCursor !== null; page += 1) {
    const next = await listPage(session, filter, NextCursor);
    Ingests.push(...next.Ingests);
    NextCursor = next.NextCursor;
  }
  return { ...first, Ingests, NextCursor };
}

function listPage(session: Session, filter: Filter, cursor?: string): Promise<Listing> {
  const isOperator = session.kind === "operator";
  const body: Record<string, unknown> = { Limit: isOperator ? OPERATOR_LIMIT : CALLER_LIMIT };
  if (filter.room !== "") body["RoomId"] = filter.room;
  if (filter.state !== "") body["State"] = filter.state;
  if (cursor !== undefined) body["Cursor"] = cursor;
  if (!isOperator) return api(session, "ListStreamIngests", body);
  if (filter.caller !== "") body["CallerId"] = filter.caller;
  if (filter.isTroubled) body["IsTroubled"] = true;
  return operator(session, "ListIngests", body);
}

/** With a caller's key TRTC is asked too, if the ingest runs. That call takes one of its slots. */
export async function describeIngest(session: Session, TaskId: string): Promise<Ingest> {
  if (session.kind === "caller") return api(session, "DescribeStreamIngest", { TaskId });
  const answer = await operator<{ Ingest: Ingest }>(session, "DescribeIngest", { TaskId });
  return answer.Ingest;
}

/** The newest row. TRTC is not asked: only a list reads the row of a running ingest alone. */
export async function readIngest(session: Session, known: Ingest): Promise<Ingest> {
  const { TaskId, SdkAppId, RoomId, RoomIdType, State } = known;
  if (session.kind === "caller" && State === "running") {
    const body = { SdkAppId, RoomId, RoomIdType, State, Limit: CALLER_LIMIT };
    const { Ingests } = await api<Listing>(session, "ListStreamIngests", body);
    const row = Ingests.find((ingest) => ingest.TaskId === TaskId);
    if (row !== undefined) return row;
  }
  return describeIngest(session, TaskId);
}

export const describeTimeline = (session: Session, body: Body): Promise<Timeline> =>
  session.kind === "caller"
    ? api(session, "DescribeIngestTimeline", body)
    : operator(session, "DescribeTimeline", body);

export const stopIngest = (session: Session, TaskId: string): Promise<unknown> =>
  session.kind === "caller"
    ? change(api(session, "StopStreamIngest", { TaskId }))
    : change(forOne(session, "StopIngests", { TaskIds: [TaskId] }));

/** From the newest deadline: another person may have moved it since the page has shown it. */
export async function moveIngest(
  session: Session,
  shown: Ingest,
  bySeconds: number,
): Promise<unknown> {
  const { TaskId } = shown;
  if (session.kind === "operator") {
    const move = { TaskIds: [TaskId], BySeconds: bySeconds, KeepStart: true };
    return change(forOne(session, "MoveIngests", move));
  }
  const { Deadline } = await readIngest(session, shown);
  const StopTime = new Date(Date.parse(Deadline) + bySeconds * SECOND_MS).toISOString();
  return change(api(session, "UpdateStreamIngest", { TaskId, StopTime }));
}

export const updateIngest = (session: Session, body: Body): Promise<unknown> =>
  change(api(session, "UpdateStreamIngest", body));

interface Results {
  Results: { TaskId: string; Outcome: string; Message?: string | null }[];
}

/** Many ingests are changed at once. The console changes one, so its message is the error. */
async function forOne(session: Session, action: string, body: Body): Promise<void> {
  const [result] = (await operator<Results>(session, action, body)).Results;
  if (result === undefined || result.Outcome !== "failed") return;
  throw new CallError(result.Message ?? result.Outcome, { failure: "refused" });
}
