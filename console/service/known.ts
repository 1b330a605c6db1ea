/** The rows of the list that was shown last. The page of one of them has something to show at once. */
import type { Ingest } from "./types.js";

let rows = new Map<string, Ingest>();

export function remember(ingests: readonly Ingest[]): void {
  rows = new Map(ingests.map((ingest) => [ingest.TaskId, ingest]));
}

export const knownIngest = (taskId: string): Ingest | undefined => rows.get(taskId);
