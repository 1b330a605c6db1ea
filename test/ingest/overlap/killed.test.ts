/** An instance dies while one occurrence takes another one's place, at every statement and call. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { mortal } from "../../support/mortal.js";
import { openRoom } from "./room.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { timeLeft } from "../../support/app/timed-app.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

/** More than a start has. The test finds out which of them are the last. */
const ACTIONS_MAX = 60;

/** Every function goes on, but for the instance that has died. */
async function passAll(seconds: number): Promise<void> {
  const run = () => [
    ours.startRun(expireIngests, seconds),
    ours.startRun(reconcileIngests, seconds),
  ];
  const runs = run();
  await ours.pass(seconds);
  await ours.clock.advanceUntilDone(Promise.all([...runs, ...run()]));
}

test.each<[string, object]>([
  ["takes the task over", {}],
  ["stops the other one first", { IdleTimeout: 60 }],
])(
  "an instance that %s: whatever it had done before, one robot plays the winner",
  async (_, ingest) => {
    for (let actions = 1; actions <= ACTIONS_MAX; actions += 1) {
      await ours.clear();
      const room = openRoom(ours);
      const first = await room.plan("first", { startsIn: 5, lastsFor: 2400 });
      const overlapPolicy = "StopOther" as const;
      const second = await room.plan("second", {
        ...{ startsIn: 20, lastsFor: 1200, overlapPolicy, ingest },
      });
      await ours.pass(10);
      const instance = mortal(ours.services, actions);
      const work = advanceIngests(instance.services, {
        timeLeftMs: timeLeft(ours.clock, 60 * SECOND_MS),
      }).catch(() => undefined);
      await ours.clock.advance(12 * SECOND_MS);
      await ours.clock.advanceUntilDone(work);

      await passAll(120);

      const playing = (await room.tasks()).filter(({ state }) => state === "playing");
      const { state, trtcTaskId } = await second.row();
      expect({ actions, state, playing: playing.map(({ taskId }) => taskId) }).toEqual({
        actions,
        state: "running",
        playing: [trtcTaskId],
      });
      expect((await room.played()).at(-1)?.at(-1)).toBe("second");
      expect(await room.robotsAtOnce()).toBe(1);
      expect(await first.row()).toMatchObject({ state: "ended", endCause: "cut" });
      if (!instance.isDead()) return;
    }
    throw new Error("the run did not end");
  },
  300_000,
);
