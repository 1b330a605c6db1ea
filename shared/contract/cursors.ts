/**
 * Pages of lists. A cursor is opaque, so its content may change. It needs no signature: each query
 * filters by caller.
 */
import { ApiError } from "./errors.js";

/** The rows of a page, where the request has no `Limit`. */
export const PAGE_LIMIT = 20;

export const writeCursor = (text: string): string => Buffer.from(text).toString("base64url");

export const cursorText = (cursor: string): string => Buffer.from(cursor, "base64url").toString();

export const wrongCursor = (): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    "Cursor is wrong: send the NextCursor of the answer before, or none for the first page.",
  );
