/** One answer to a request that names many ingests, which may be in several databases. */
import { readForOperator } from "../../store/operator.js";
import type { Store } from "../../store/store.js";

interface Answer {
  Results: { TaskId: string }[];
}

/** The results are in the order of the TaskIds. An unknown one gets the answer of the first database. */
export async function inPlacesOfTasks(
  stores: readonly Store[],
  taskIds: readonly string[],
  work: (store: Store, taskIds: string[]) => Promise<object>,
): Promise<object> {
  const placeOf = new Map<string, Store>();
  for (const store of stores) {
    const rows = await store.health.read((query) => readForOperator(query, taskIds));
    for (const { taskId } of rows) placeOf.set(taskId, store);
  }
  const answers = await Promise.all(
    stores.map(async (store, index) => {
      const isHere = (taskId: string) =>
        placeOf.has(taskId) ? placeOf.get(taskId) === store : index === 0;
      const here = taskIds.filter(isHere);
      return here.length === 0 ? { Results: [] } : work(store, here);
    }),
  );
  const results = answers.flatMap((answer) => (answer as Answer).Results);
  const byTask = new Map(results.map((result) => [result.TaskId, result]));
  return { Results: taskIds.flatMap((taskId) => byTask.get(taskId) ?? []) };
}
