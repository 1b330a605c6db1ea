/** Reads the emulator's truth endpoints: every task that it accepted, every call and callback. */
import type { CallbackRecord } from "../emulator/callbacks/records.js";
import type { TaskTruth } from "../emulator/tasks/truth.js";

export type { CallbackRecord } from "../emulator/callbacks/records.js";
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
  callbacks: () => read<CallbackRecord>(trtcUrl, "callbacks"),
});

async function read<T>(trtcUrl: string, what: "tasks" | "calls" | "callbacks"): Promise<T[]> {
  const answer = await fetch(`${trtcUrl}/_emulator/${what}`);
  const body = (await answer.json()) as Record<typeof what, T[]>;
  return body[what];
}
