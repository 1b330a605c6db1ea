/** Which of several databases has a row. */
import type { Store } from "../../store/store.js";

/**
 * The last one that has it: a row that moves is in both for a moment, and the one that it comes from
 * has the right one. `undefined`: no database has it. Throws the error of one that did not answer,
 * because it may have the row.
 */
export async function findPlace(
  stores: readonly Store[],
  has: (store: Store) => Promise<unknown>,
): Promise<Store | undefined> {
  const asked = await Promise.allSettled(stores.map(has));
  const index = asked.findLastIndex(
    (answer) => answer.status === "fulfilled" && isThere(answer.value),
  );
  if (index >= 0) return stores[index];
  const failed = asked.find((answer) => answer.status === "rejected");
  if (failed) throw failed.reason;
  return undefined;
}

const isThere = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined;
