/** ListIngests: the ingests of all callers, newest first, and how many are live and in trouble. */
import { writeCursor } from "../contract/cursors.js";
import { readCursor } from "../ingest/list.js";
import type { Services } from "../ingest/services.js";
import { countForOperator, listForOperator } from "../store/operator.js";
import { presentForOperator } from "./present.js";
import type { OperatorCall } from "./request.js";

const LIMIT = 100;

/** Two statements, however many ingests there are. */
export async function listIngestsOfAll(
  { store, clock }: Services,
  { request }: OperatorCall<"ListIngests">,
) {
  const { CallerId, SdkAppId, RoomId, State, IsTroubled, Limit: limit = LIMIT, Cursor } = request;
  const now = clock.now();
  const filter = { callerId: CallerId, sdkAppId: SdkAppId, roomId: RoomId };
  const listed = {
    ...filter,
    isEnded: State === "ended",
    troubledAt: IsTroubled === true ? now : undefined,
    before: readCursor(Cursor),
    limit: limit + 1,
  };
  const [rows, counts] = await Promise.all([
    store.health.read((query) => listForOperator(query, listed)),
    store.health.read((query) => countForOperator(query, { ...filter, at: now })),
  ]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    Ingests: page.map((ingest) => presentForOperator(ingest, now)),
    NextCursor: rows.length > limit && last ? writeCursor(last.taskId) : null,
    Counts: { Live: counts.live, Troubled: counts.troubled },
  };
}
