/** Dead letters, as the model of the store keeps them. */
import type {
  buryMessage as inSql,
  DeadLetter,
  DeadLetterFilter,
} from "../../../shared/store/dead-letters.js";
import type { Tables } from "./tables.js";

export function buryMessage({ letters }: Tables, dead: Parameters<typeof inSql>[1]): void {
  const { code, message } = dead;
  const known = letters.get(dead.id);
  const row = known
    ? { ...known, code, message, attempts: known.attempts + 1, replayedAt: null }
    : { ...dead, attempts: 1, replayedAt: null };
  letters.set(dead.id, row);
}

export function resolveDeadLetters(
  { letters }: Tables,
  { ids, at }: { ids: readonly string[]; at: Date },
): void {
  for (const id of ids) {
    const row = letters.get(id);
    if (row && !row.replayedAt) letters.set(id, { ...row, replayedAt: at });
  }
}

export function forgetResolved({ letters }: Tables, before: Date): void {
  for (const [id, { replayedAt }] of letters) {
    if (replayedAt !== null && replayedAt < before) letters.delete(id);
  }
}

export function listDeadLetters(
  { letters }: Tables,
  { all, limit, after }: DeadLetterFilter,
): DeadLetter[] {
  const order = (one: Pick<DeadLetter, "receivedAt" | "id">, other: typeof one) =>
    one.receivedAt.getTime() - other.receivedAt.getTime() ||
    Number(one.id > other.id) - Number(one.id < other.id);
  return [...letters.values()]
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
      row.callerId === callerId && row.clientToken === clientToken && row.failureCode !== null,
  );
