/** What the parts of `trtc-ingest admin` hand to each other. */
import type { Services } from "../../shared/ingest/services.js";
import type { Query } from "../../shared/store/engine/database.js";

export interface AdminDesk {
  query: Query;
  services: Services;
  /** How many ingests one command changes. */
  changedMax?: number;
}

/** What became of one ingest. `ok`: whether it is what was asked for. */
export interface Outcome {
  TaskId: string;
  Caller: string;
  RoomId: string;
  Outcome: string;
  ok: boolean;
}

export type Result = Pick<Outcome, "Outcome" | "ok">;

/** What every command but `cost` answers. */
export interface AdminDocument {
  rows: readonly object[];
  /** There are more than `--limit` says, or than one command changes. */
  isCut: boolean;
}
