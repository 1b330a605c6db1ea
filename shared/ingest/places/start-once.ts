/**
 * A start in an account that moves. An equal request, or a live ingest with the same robot, may be
 * in the database that the account comes from. The start is then made there, and gets its answer.
 */
import type { Store } from "../../store/store.js";

/** No failure: the start belongs to this database. No caller sees it. */
export class Elsewhere extends Error {
  override readonly name = "Elsewhere";

  constructor(readonly store: Store) {
    super("the start belongs to another database");
  }
}

/** The store of the first database. A start of it throws Elsewhere where another one knows it. */
export function startingOnce(store: Store, others: readonly Store[]): Store {
  const { ingests } = store;
  const refuseKnown = async (start: Parameters<Store["ingests"]["findConflict"]>[0]) => {
    for (const other of others) {
      if (await other.ingests.findConflict(start)) throw new Elsewhere(other);
    }
  };
  const guarded: Store["ingests"] = {
    ...ingests,
    async findConflict(start) {
      await refuseKnown(start);
      return ingests.findConflict(start);
    },
    async beginStart(start) {
      await refuseKnown(start);
      return ingests.beginStart(start);
    },
  };
  return Object.create(store, { ingests: { value: guarded } }) as Store;
}
