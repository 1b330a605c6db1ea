/** A sample of each statement that moves an account to another database. */
import type { Database } from "../../../shared/store/engine/database.js";
import {
  copyAudience,
  copySpending,
  dropSpending,
} from "../../../shared/store/move/applications.js";
import { countLeft, movableIngests, settleHeld } from "../../../shared/store/move/ingests.js";
import type { Movable } from "../../../shared/store/move/move.js";
import { movableSchedules, planHeld } from "../../../shared/store/move/schedules.js";

export function moveSamplesOf({ query }: Pick<Database, "query">) {
  const queries = { from: query, to: query };
  const sdkAppIds = [1400000000];
  const batch = { ids: ["id-1"], digests: ["digest"] };
  const stepsOf = async (kind: Movable) => {
    await kind.read(query);
    await kind.write(queries, batch);
    await kind.remove(query, batch);
    await kind.settle(query, { ids: ["id-1"], others: ["id-2"] });
  };
  return {
    movableIngests: () => stepsOf(movableIngests("cn", 150)),
    settleHeld: () => settleHeld(queries, "cn"),
    countLeft: () => countLeft(query, { account: "cn", sdkAppIds }),
    movableSchedules: () => stepsOf(movableSchedules(sdkAppIds)),
    planHeld: () => planHeld(queries, sdkAppIds),
    copyAudience: () => copyAudience(queries, sdkAppIds),
    copySpending: () => copySpending(queries, sdkAppIds),
    dropSpending: () => dropSpending(query, ["row"]),
  };
}
