/** The pages of a list, one request each. */
import type { Action } from "../../shared/contract/schemas.js";
import { call, type Connection } from "./call.js";
import type { Answer } from "./send.js";

/** All pages, or only the first. A refusal is the last. */
export async function* pagesOf(
  connection: Connection,
  action: Action,
  { request, isWhole }: { request: object; isWhole: boolean },
): AsyncGenerator<Answer> {
  let cursor: unknown = undefined;
  do {
    const fields = cursor === undefined ? request : { ...request, Cursor: cursor };
    const answer = await call(connection, action, fields);
    yield answer;
    cursor = answer.error ? undefined : answer.response["NextCursor"];
  } while (isWhole && typeof cursor === "string");
}
