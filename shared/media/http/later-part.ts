/** A request for a later part of a file, made while the first answer stays open. */
import { SECOND_MS } from "../../clock.js";
import { fetchWithin } from "./fetch-within.js";

/** Another request takes about as long as reading this many bytes. */
export const READ_THROUGH_BYTES = 256 * 1024;

const ANOTHER_ANSWER_MS = 2 * SECOND_MS;

/** `init` has the range. Throws when no answer begins in time. */
export const fetchLaterPart = (
  fetch: typeof globalThis.fetch,
  address: string,
  init: RequestInit,
): Promise<Response> => fetchWithin(fetch, address, { init, limitMs: ANOTHER_ANSWER_MS });
