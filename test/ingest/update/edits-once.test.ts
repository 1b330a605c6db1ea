/** An edit of a programme takes effect once, whatever happens beside it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { stopIngest } from "../../../shared/ingest/stop/stop.js";
import { openUpdateCalls, outdatedBy, type UpdateCalls } from "../../support/app/update-calls.js";

let ours: UpdateCalls;

beforeAll(async () => {
  ours = await openUpdateCalls();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

const urlOf = (name: string): string => `${ours.app.clip}?${name}`;

const item = (name: string) => ({ StreamUrl: urlOf(name), PlaySeconds: 60 });

const list = (fields: object = {}) =>
  ours.started({
    StreamUrl: undefined,
    RepeatNum: undefined,
    Playlist: ["0", "1", "2", "3"].map(item),
    ...fields,
  });

type List = Awaited<ReturnType<typeof list>>;

const advance = () =>
  ours.clock.advanceUntilDone(
    advanceIngests(ours.services, ours.call({}, 20)).then(() => undefined),
  );

const onAirOf = async ({ task }: List) => (await task())?.streamUrl.split("?")[1];

const namesIn = async ({ row }: List) =>
  (await row()).programme?.items.map(({ StreamUrl }) => StreamUrl.split("?")[1]);

describe("an edit that is sent again", () => {
  test("with its ClientToken skips one item only", async () => {
    const ingest = await list();
    const skip = { SkipItem: true, ClientToken: "skip" };

    await ingest.update(skip);
    await ingest.update(skip);

    expect(await onAirOf(ingest)).toBe("1");
  });

  test("with its signature skips one item only", async () => {
    const ingest = await list();

    for (let sent = 0; sent < 2; sent += 1) {
      await ingest.update({ SkipItem: true }, { signature: "v1 skip" });
    }

    expect(await onAirOf(ingest)).toBe("1");
  });

  test("with the fields of its item in another order inserts one item only", async () => {
    const ingest = await list();
    const [StreamUrl, PlaySeconds] = [urlOf("news"), 60];

    await ingest.update({ InsertNext: { StreamUrl, PlaySeconds }, ClientToken: "news" });
    await ingest.update({ InsertNext: { PlaySeconds, StreamUrl }, ClientToken: "news" });

    expect(await namesIn(ingest)).toEqual(["0", "news", "1", "2", "3"]);
  });

  test("is carried out again when the list had refused it", async () => {
    const ingest = await list();
    const jump = { ItemIndex: 4, ClientToken: "jump" };
    await expect(ingest.update(jump)).rejects.toMatchObject({ code: "InvalidParameterValue" });
    await ingest.update({ InsertNext: item("news") });

    await ingest.update(jump);

    expect(await onAirOf(ingest)).toBe("3");
  });
});

describe("of edits at once", () => {
  test("each one takes effect", async () => {
    const ingest = await list();

    const names = ["a", "b", "c", "d", "e"];
    await ours.clock.advanceUntilDone(
      Promise.all(names.map((name) => ingest.begin({ InsertNext: item(name) }))),
    );

    expect((await namesIn(ingest))?.toSorted()).toEqual(["0", "1", "2", "3", ...names]);
  });

  test("each one takes effect on a scheduled list too", async () => {
    const StartTime = addMs(ours.clock.now(), 3_600_000).toISOString();
    const ingest = await list({ StartTime });

    const names = ["a", "b", "c"];
    await ours.clock.advanceUntilDone(
      Promise.all(names.map((name) => ingest.begin({ InsertNext: item(name) }))),
    );

    expect((await namesIn(ingest))?.toSorted()).toEqual(["0", "1", "2", "3", ...names]);
  });

  test("with a Sequence, an older one changes nothing", async () => {
    const ingest = await list();
    await ingest.update({ ItemIndex: 2, Sequence: 7 });

    await expect(ingest.update({ SkipItem: true, Sequence: 5 })).rejects.toMatchObject(
      outdatedBy(7, 5),
    );

    expect(await onAirOf(ingest)).toBe("2");
  });
});

describe("an edit whose switch fails", () => {
  test("is a success, and advance-ingests switches soon", async () => {
    const ingest = await list();
    ours.app.trtc.next("UpdateStreamIngest", "http-502");

    await ingest.update({ ItemIndex: 2 });

    expect(await onAirOf(ingest)).toBe("0");
    await advance();
    expect(await onAirOf(ingest)).toBe("2");
  });

  test("because its instance was killed is carried out by advance-ingests", async () => {
    const ingest = await list();
    const killed = ours.around({ before: () => new Promise(() => undefined) });
    void ingest.begin({ ItemIndex: 2 }, { by: killed });
    await ours.clock.advance(SECOND_MS);
    expect(await ingest.row()).toMatchObject({ programme: { anchor: { index: 2 } } });

    await ours.clock.advance(10 * SECOND_MS);
    await advance();

    expect(await onAirOf(ingest)).toBe("2");
  });
});

describe("beside a step of the engine", () => {
  test("an edit waits until the step is over", async () => {
    const ingest = await list();
    const { stepFence, taskId } = await ingest.row();
    const at = ours.clock.now();
    await ours.services.store.programmes.claimStep({ taskId, at, leaseMs: 10 * SECOND_MS });

    await ingest.update({ SkipItem: true });

    expect(ours.clock.now().getTime() - at.getTime()).toBeGreaterThanOrEqual(10 * SECOND_MS);
    expect((await ingest.row()).stepFence).toBeGreaterThan(stepFence + 1);
    expect(await onAirOf(ingest)).toBe("1");
  });

  test("an edit whose claim a failed source took away is done again, once", async () => {
    const ingest = await list();
    let taken = false;
    const beside = ours.beforeStore("ingests", "markUpdated", async () => {
      if (taken) return;
      taken = true;
      const at = ours.clock.now();
      await ours.services.store.programmes.claimStep({ taskId: ingest.TaskId, at, leaseMs: 1000 });
    });

    await ingest.update({ InsertNext: item("news") }, { by: beside });

    expect(await namesIn(ingest)).toEqual(["0", "news", "1", "2", "3"]);
  });

  test("an edit whose claim is taken again and again may be sent again", async () => {
    const ingest = await list();
    const beside = ours.beforeStore("ingests", "markUpdated", () =>
      ours.services.store.programmes.claimStep({
        taskId: ingest.TaskId,
        at: ours.clock.now(),
        leaseMs: 1,
      }),
    );

    const edit = ingest.update({ InsertNext: item("news") }, { by: beside });

    await expect(edit).rejects.toMatchObject({ code: "ResourceInUse", retry: true });
    expect(await namesIn(ingest)).toEqual(["0", "1", "2", "3"]);
  });

  test("an edit of an ingest that is stopped meanwhile is no success", async () => {
    const ingest = await list();
    const cut = ours.beforeStore("ingests", "markUpdated", () =>
      stopIngest(ours.services, ours.call({ TaskId: ingest.TaskId })),
    );

    await expect(ingest.update({ SkipItem: true }, { by: cut })).rejects.toMatchObject({
      code: "FailedOperation.TaskNotExist",
    });
  });

  test("an older Sequence that lost its claim to a newer one is refused, and its loudness undone", async () => {
    const ingest = await list();
    const frozen = ours.around({
      async after() {
        ours.clock.jump(10 * SECOND_MS + 1);
        await ingest.begin({ SkipItem: true, Sequence: 7 });
      },
    });

    const older = ingest.update({ Volume: 20, Sequence: 5 }, { by: frozen });

    await expect(older).rejects.toMatchObject(outdatedBy(7, 5));
    expect(await ingest.task()).toMatchObject({ volume: 100, streamUrl: urlOf("1") });
  });
});

describe("while the ingest starts again", () => {
  async function restarting() {
    const ingest = await list();
    const row = await ingest.row();
    await ours.services.store.programmes.markRestarting({
      taskId: row.taskId,
      fence: row.fence,
      programme: row.programme as NonNullable<typeof row.programme>,
      onAir: row.onAir as NonNullable<typeof row.onAir>,
      advanceAt: addMs(ours.clock.now(), 5 * SECOND_MS),
      heldUntil: null,
    });
    return ingest;
  }

  test("an edit changes the row only, and the start follows it", async () => {
    const ingest = await restarting();

    await ingest.update({ ItemIndex: 2, MaxDuration: 30 });

    const { startedAt, deadlineAt } = await ingest.row();
    expect(deadlineAt.getTime() - (startedAt?.getTime() ?? 0)).toBe(30 * 60 * SECOND_MS);
    await advance();
    const tasks = (await ours.app.truth.tasks()).filter(({ state }) => state === "playing");
    expect(tasks.map(({ streamUrl }) => streamUrl)).toContain(urlOf("2"));
  });

  test("a pause is refused, and may be sent again", async () => {
    const ingest = await restarting();

    await expect(ingest.update({ IsPause: true })).rejects.toMatchObject({
      code: "ResourceInUse",
      retry: true,
    });
  });

  test("a StartTime is refused", async () => {
    const ingest = await restarting();
    const StartTime = addMs(ours.clock.now(), 60 * SECOND_MS).toISOString();

    await expect(ingest.update({ StartTime })).rejects.toMatchObject({
      code: "InvalidParameterValue",
    });
  });
});
