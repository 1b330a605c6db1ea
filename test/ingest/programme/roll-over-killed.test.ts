/** An instance dies during a roll-over, at every statement and call: the ingest plays on, once. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { TaskTruth } from "../../../emulator/tasks/truth.js";
import { mortal } from "../../support/mortal.js";
import { type LongIngests, openLongIngests } from "./long-ingests.js";

let ours: LongIngests;

beforeAll(async () => {
  ours = await openLongIngests();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

const inRoomAt = (tasks: readonly TaskTruth[], at: string): number =>
  tasks.filter(({ startedAt, endedAt }) => startedAt <= at && (endedAt === null || endedAt > at))
    .length;

/** More than a roll-over has. The test finds out which of them are the last. */
const ACTIONS_MAX = 60;

test("whatever it had done before, one robot plays on without a gap", async () => {
  const seen: string[] = [];
  for (let actions = 1; actions <= ACTIONS_MAX; actions += 1) {
    await ours.clear();
    const { taskId, tasks, row, startedAt } = await ours.start();
    await ours.untilRollOver(startedAt);
    const instance = mortal(ours.services, actions);
    await ours.runBy(instance.services).catch(() => undefined);
    await ours.passAll(110);

    const all = (await tasks()).sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    const playing = all.filter(({ state }) => state === "playing");
    const after = await row();
    expect({ actions, playing: playing.map((task) => task.taskId) }).toEqual({
      actions,
      playing: [after.trtcTaskId],
    });
    expect(after).toMatchObject({ state: "running", onAir: { rolledOver: 1, restarts: 0 } });
    expect(await ours.hiddenRows(taskId)).toEqual([]);
    expect(Math.max(...all.map(({ startedAt: at }) => inRoomAt(all, at)))).toBeLessThanOrEqual(2);
    const [old] = all;
    expect(old?.endedAt && playing[0] && old.endedAt >= playing[0].startedAt).toBe(true);
    seen.push(`${actions}: ${all.length} tasks`);
    if (!instance.isDead()) return;
  }
  throw new Error(`the run did not end: ${seen.join(", ")}`);
}, 300_000);
