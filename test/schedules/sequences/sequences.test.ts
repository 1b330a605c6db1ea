/** Random sequences of edits, clock jumps and deaths: no window is lost, doubled or invented. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc, { cases } from "../../support/properties.js";
import { faultsOf, readOccurrences, readOrphans, readSuccessors } from "./check.js";
import { type Sequence, sequence } from "./draw.js";
import { openWorld, type World } from "./world.js";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.app.close());

/** As the rows are. What is due has been done. */
const rows = () =>
  Promise.all(
    ["schedule", "occurrence", "ingest"].map((table) =>
      world.database.query(`select * from ${table} order by 1, 2`),
    ),
  );

async function holds(drawn: Sequence): Promise<void> {
  const history = await world.play(drawn);
  const before = await rows();
  await world.plan();
  await world.plan();
  expect(await rows()).toEqual(before);
  expect(await readOrphans(world.database)).toEqual([]);
  const successors = await readSuccessors(world.database);
  for (const life of history.lives) {
    const tasks = await world.tasksOf(life);
    const occurrences = await readOccurrences(world.database, life);
    const nowMs = world.clock.now().getTime();
    const periods = life.periods.map(({ begun: _begun, ...period }) => period);
    const faults = faultsOf({ life, history, tasks, occurrences, successors, nowMs });
    expect(faults.length > 0 ? { faults, periods } : { faults }).toEqual({ faults: [] });
  }
}

test("each window that was open is accounted for once, and planning twice is planning once", async () => {
  await fc.assert(fc.asyncProperty(sequence, holds), {
    numRuns: Number(process.env["CASES"] ?? cases(40)),
    // A shorter sequence would take minutes to find.
    endOnFailure: true,
  });
}, 600_000);
