/** Successors and swaps of tasks, as operations of the store. */
import fc from "../../support/properties.js";
import { leaseMs, newRow, startOf, waitMaxMs } from "./new-row.js";
import { type Operation, operation, taskId } from "./operation.js";
import { onAirSince } from "../../support/app/programmes.js";
import { programmeOf } from "./programmes.js";

export const successorOperations: fc.Arbitrary<Operation>[] = [
  operation({ newRow, parentId: taskId, leaseMs, waitMaxMs }, (store, drawn, at) => {
    const { newRow: row, parentId, ...times } = drawn;
    return store.ingests.beginStart({
      ...startOf({ ...row, clientToken: null }, at),
      ...{ ...times, programme: programmeOf(at), onAir: onAirSince(at), successorOf: parentId },
    });
  }),
  operation({ taskId }, (store, drawn) => store.programmes.findSuccessor(drawn.taskId)),
  operation(
    { taskId, otherId: taskId, leaseMs, isStale: fc.boolean(), hasStep: fc.boolean() },
    async (store, { taskId: parentId, otherId, isStale, hasStep, ...claim }, at) => {
      const parent = await store.ingests.read(parentId);
      const successor = await store.ingests.read(otherId);
      if (!parent || !successor || parentId === otherId) return undefined;
      return store.programmes.swapTasks({
        ...claim,
        parent: isStale ? { ...parent, fence: parent.fence - 1 } : parent,
        successor,
        onAir: { ...onAirSince(at), rolledOver: 1 },
        stepAt: hasStep ? at : null,
        at,
      });
    },
  ),
];
