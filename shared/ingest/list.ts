/** ListStreamIngests: TRTC has no such action. Newest first. A caller sees only its own ingests. */
import { ApiError } from "../contract/errors.js";
import { isTaskId } from "../contract/task-id.js";
import { storedToken } from "./start/plan-start.js";
import { present, type PresentedIngest } from "./present.js";
import type { Call, Services } from "./services.js";

export interface ListAnswer {
  Ingests: PresentedIngest[];
  /** The caller sends this as `Cursor` for the next page. It is null on the last page. */
  NextCursor: string | null;
}

const LIMIT = 20;

export async function listIngests(
  { store, clock }: Services,
  { caller, request }: Call<"ListStreamIngests">,
): Promise<ListAnswer> {
  const limit = request.Limit ?? LIMIT;
  const rows = await store.ingests.list({
    callerId: caller.Id,
    sdkAppId: request.SdkAppId,
    roomId: request.RoomId,
    roomIdType: request.RoomIdType,
    state: request.State,
    endReason: request.EndReason,
    mediaState: request.MediaState,
    clientToken: request.ClientToken === undefined ? undefined : storedToken(request.ClientToken),
    before: readCursor(request.Cursor),
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const NextCursor = rows.length > limit && last ? writeCursor(last.taskId) : null;
  const now = clock.now();
  return { Ingests: page.map((ingest) => present(ingest, now)), NextCursor };
}

/**
 * The cursor is opaque, so its content may change. It needs no signature: each query filters by
 * caller.
 */
export const writeCursor = (taskId: string): string => Buffer.from(taskId).toString("base64url");

export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const taskId = Buffer.from(cursor, "base64url").toString();
  if (isTaskId(taskId)) return taskId;
  throw wrongCursor();
}

export const wrongCursor = (): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    "Cursor is wrong: send the NextCursor of the answer before, or none for the first page.",
  );
