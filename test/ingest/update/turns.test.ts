/** Updates with a Sequence call TRTC one after the other, so the greatest number has the last word. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs } from "../../../shared/clock.js";
import { stopIngest } from "../../../shared/ingest/stop/stop.js";
import { STEP_LEASE_MS } from "../../../shared/ingest/timing.js";
import { openUpdateCalls, outdatedBy, type UpdateCalls } from "../../support/app/update-calls.js";

let ours: UpdateCalls;

beforeAll(async () => {
  ours = await openUpdateCalls();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

describe("of two updates at once", () => {
  const delayed = (ms: number, when: "before" | "after") =>
    ours.app.emulator.faults.add({
      action: "UpdateStreamIngest",
      kind: "delay",
      ms,
      when,
      times: 1,
    });

  test.each(["before", "after"] as const)(
    "the newer one waits when TRTC is slow %s it carries out the older one",
    async (when) => {
      const { update, begin, task, row } = await ours.started();
      delayed(50, when);
      let newer: Promise<unknown> | undefined;
      const older = ours.around({
        before: () => void (newer = begin({ Volume: 70, Sequence: 7 })),
      });

      await update({ StreamUrl: `${ours.app.clip}?five`, Volume: 50, Sequence: 5 }, { by: older });
      await ours.clock.advanceUntilDone(Promise.resolve(newer));

      expect(await task()).toMatchObject({ volume: 70, streamUrl: `${ours.app.clip}?five` });
      const play = { Volume: 70, StreamUrl: `${ours.app.clip}?five` };
      expect(await row()).toMatchObject({ sequence: 7, play, stepLeaseUntil: null });
    },
  );

  test("the older one is refused after its wait, and TRTC hears nothing of it", async () => {
    const { update, begin, task, row } = await ours.started();
    delayed(50, "before");
    const made = ours.calls();
    let older: Promise<unknown> | undefined;
    const newer = ours.around({
      before: () =>
        void (older = begin({ Volume: 50, Sequence: 5 }).catch((error: unknown) => error)),
    });

    await update({ Volume: 70, Sequence: 7 }, { by: newer });

    expect(await ours.clock.advanceUntilDone(Promise.resolve(older))).toMatchObject(
      outdatedBy(7, 5),
    );
    expect(ours.calls()).toBe(made + 1);
    expect(await task()).toMatchObject({ volume: 70 });
    expect(await row()).toMatchObject({ sequence: 7, play: { Volume: 70 } });
  });

  test("one that moves the deadline only waits for its turn as well", async () => {
    const { update, begin, row } = await ours.started({ MaxDuration: 60 });
    delayed(50, "before");
    let newer: Promise<unknown> | undefined;
    const older = ours.around({
      before: () => void (newer = begin({ MaxDuration: 40, Sequence: 7 })),
    });

    await update({ Volume: 50, Sequence: 5 }, { by: older });
    await ours.clock.advanceUntilDone(Promise.resolve(newer));

    expect(await row()).toMatchObject({ sequence: 7, play: { Volume: 50 } });
  });
});

test("of ten updates at once, the greatest number has the last word", async () => {
  const { begin, task, row } = await ours.started();
  const numbers = [3, 9, 1, 7, 10, 2, 8, 4, 6, 5];

  const all = numbers.map((Sequence) => begin({ Volume: Sequence, Sequence }));
  const outcomes = await ours.clock.advanceUntilDone(Promise.allSettled(all));

  const refused = outcomes.filter(({ status }) => status === "rejected");
  for (const refusal of refused) {
    expect(refusal).toMatchObject({ reason: { code: "FailedOperation" } });
  }
  expect(outcomes[4]).toMatchObject({ status: "fulfilled" });
  expect(await task()).toMatchObject({ volume: 10 });
  expect(await row()).toMatchObject({ sequence: 10, play: { Volume: 10 }, stepLeaseUntil: null });
});

describe("while another update has the turn, an update", () => {
  const held = async (TaskId: string, ms = STEP_LEASE_MS) => {
    const at = ours.clock.now();
    const leaseUntil = addMs(at, ms);
    await ours.services.store.ingests.takeUpdateTurn({
      taskId: TaskId,
      sequence: 1,
      at,
      leaseUntil,
    });
  };

  test("waits until the lease of an instance that died is over", async () => {
    const { TaskId, update, task } = await ours.started();
    await held(TaskId);
    const beganAt = ours.clock.now();

    await update({ Volume: 70, Sequence: 7 });

    expect(ours.clock.now().getTime() - beganAt.getTime()).toBeGreaterThanOrEqual(STEP_LEASE_MS);
    expect(await task()).toMatchObject({ volume: 70 });
  });

  test("with too little time is refused, and may be sent again", async () => {
    const { TaskId, update, row } = await ours.started();
    await held(TaskId);

    const hurried = update({ Volume: 70, Sequence: 7 }, { seconds: 5 });

    await expect(hurried).rejects.toMatchObject({ code: "ResourceInUse", retry: true });
    expect(await row()).toMatchObject({ sequence: null });
  });

  test("of an ingest that is stopped meanwhile is no success", async () => {
    const { TaskId, update } = await ours.started();
    const cut = ours.beforeStore("ingests", "takeUpdateTurn", () =>
      stopIngest(ours.services, ours.call({ TaskId })),
    );

    const late = update({ Volume: 70, Sequence: 7 }, { by: cut });

    await expect(late).rejects.toMatchObject({ code: "FailedOperation.TaskNotExist" });
  });
});

describe("an update whose instance was frozen after its call", () => {
  /** Carries out an older update, and the lease ends before the row is written. */
  async function frozen(
    meanwhile: (ingest: Awaited<ReturnType<UpdateCalls["started"]>>) => unknown,
  ) {
    const ingest = await ours.started();
    const slow = ours.around({
      async after() {
        ours.clock.jump(STEP_LEASE_MS + 1);
        await meanwhile(ingest);
      },
    });
    const StreamUrl = `${ours.app.clip}?five`;
    const older = ingest.update({ StreamUrl, IsPause: true, Sequence: 5 }, { by: slow });
    const outcome = await older.catch((error: unknown) => error);
    return { ...ingest, outcome };
  }

  test("is refused when a newer one took effect, and TRTC plays what the row says", async () => {
    const { outcome, task, row } = await frozen(({ begin }) => begin({ Volume: 70, Sequence: 7 }));

    expect(outcome).toMatchObject(outdatedBy(7, 5));
    expect(await task()).toMatchObject({ streamUrl: ours.app.clip, volume: 70, state: "playing" });
    expect(await row()).toMatchObject({
      sequence: 7,
      play: { StreamUrl: ours.app.clip, Volume: 70 },
      pausedAt: null,
      stepLeaseUntil: null,
    });
  });

  test("may be sent again when the next turn had no effect", async () => {
    const { outcome, task, row, update } = await frozen(async ({ begin }) => {
      ours.app.trtc.next("UpdateStreamIngest", "http-502");
      await begin({ Volume: 70, Sequence: 7 }).catch(() => undefined);
    });

    expect(outcome).toMatchObject({ code: "ResourceInUse", retry: true });
    expect(await task()).toMatchObject({ streamUrl: ours.app.clip, state: "playing" });
    await update({ StreamUrl: `${ours.app.clip}?five`, Sequence: 5 });
    expect(await row()).toMatchObject({
      sequence: 5,
      play: { StreamUrl: `${ours.app.clip}?five` },
    });
  });
});
