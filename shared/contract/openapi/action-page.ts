import type { Static } from "@sinclair/typebox";
import type { ANSWERS } from "../answers.js";
import type { Action, Requests } from "../schemas.js";

/** What the OpenAPI document says about an action, besides its schemas. */
export interface ActionPage<A extends Action> {
  summary: string;
  description: string;
  /** Requests by a title that the reader can choose from. */
  requests: Readonly<Record<string, Requests[A]>>;
  answer: Static<(typeof ANSWERS)[A]>;
}
