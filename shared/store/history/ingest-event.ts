/** One change of an ingest, as a row of `ingest_event` has it. A trigger writes it (migration 17). */
import type { IngestEventType } from "../../contract/timeline.js";
import type { Actor } from "./actor.js";

/** Values under the names of the API. */
type Facts = Readonly<Record<string, unknown>>;

export interface IngestEvent {
  taskId: string;
  sequence: number;
  happenedAt: Date;
  type: IngestEventType;
  /** null: older code made the change. */
  actor: Actor | null;
  /** Only what has changed. */
  before: Facts;
  after: Facts;
}
