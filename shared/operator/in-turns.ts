/** Does work for many ingests, a few at once, so that one request does not take all connections. */

const AT_ONCE = 4;

/** Answers in the order of the items. `work` answers its failures: a rejection loses all answers. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const rest = items.entries();
  const takeTurns = async () => {
    for (const [index, item] of rest) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
  return items.map((_, index) => results.get(index) as Result);
}
