/** Reads the emulator's truth endpoints: every task that it accepted, and every call. */
import type { TaskTruth } from "../emulator/tasks/truth.js";

export type { TaskTruth } from "../emulator/tasks/truth.js";

export interface CallTruth {
  action: string;
  calls: number;
  throttled: number;
  mostInOneSecond: number;
}

export const readTruth = (trtcUrl: string) => ({
  tasks: () => read<TaskTruth>(trtcUrl, "tasks"),
  calls: () => read<CallTruth>(trtcUrl, "calls"),
});

async function read<T>(trtcUrl: string, what: "tasks" | "calls"): Promise<T[]> {
  const answer = await fetch(`${trtcUrl}/_emulator/${what}`);
  const body = (await answer.json()) as Record<typeof what, T[]>;
  return body[what];
}
