/** The dead letters of the model. */
import type {
  addDeadLetter as inSql,
  DeadLetter,
  DeadLetterFilter,
} from "../../../shared/store/dead-letters.js";
import type { Tables } from "./tables.js";

export function addDeadLetter({ deadLetters }: Tables, dead: Parameters<typeof inSql>[1]): void {
  const { code, message } = dead;
  const known = deadLetters.get(dead.id);
  const row = known
    ? { ...known, code, message, attempts: known.attempts + 1, replayedAt: null }
    : { ...dead, attempts: 1, replayedAt: null };
  deadLetters.set(dead.id, row);
}

export function resolveDeadLetters(
  { deadLetters }: Tables,
  { ids, at }: { ids: readonly string[]; at: Date },
): void {
  for (const id of ids) {
    const row = deadLetters.get(id);
    if (row && !row.replayedAt) deadLetters.set(id, { ...row, replayedAt: at });
  }
}

export function forgetResolved({ deadLetters }: Tables, before: Date): void {
  for (const [id, { replayedAt }] of deadLetters) {
    if (replayedAt !== null && replayedAt < before) deadLetters.delete(id);
  }
}

export function listDeadLetters(
  { deadLetters }: Tables,
  { all, limit, after }: DeadLetterFilter,
): DeadLetter[] {
  const order = (one: Pick<DeadLetter, "receivedAt" | "id">, other: typeof one) =>
    one.receivedAt.getTime() - other.receivedAt.getTime() ||
    Number(one.id > other.id) - Number(one.id < other.id);
  return [...deadLetters.values()]
    .filter((row) => all || !row.replayedAt)
    .filter((row) => !after || order(row, after) > 0)
    .sort(order)
    .slice(0, limit);
}

export const isTokenSpent = (
  { ingests }: Tables,
  { callerId, clientToken }: { callerId: string; clientToken: string },
): boolean =>
  [...ingests.values()].some(
    (row) =>
      row.callerId === callerId &&
      row.clientToken === clientToken &&
      row.state === "ended" &&
      row.failureCode !== null,
  );
