/** Events about the source, and about an end that is explained later, in the order of the changes. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import type { ReportedMediaState } from "../../shared/store/ingests/media.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { ENGINES } from "../support/database/databases.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";

describe.each(ENGINES)("the outbox on %s", (_, open) => {
  let database: Database;
  let store: Store;

  beforeAll(async () => {
    database = await open();
    const clock = { now: () => T0, elapsedMs: () => 0 };
    store = createStore(database, { isDatabaseOnClock: true, clock });
  });
  beforeEach(async () => {
    await database.query("delete from outbox");
    await database.query("delete from unclaimed_task");
  });
  afterAll(() => database.close());

  const mediaEvent = (taskId: string, media: ReportedMediaState | undefined, ms: number) => ({
    sdkAppId: 1_600_000_000,
    trtcTaskId: `trtc-${taskId}`,
    media,
    eventAt: addMs(T0, ms),
    at: addMs(T0, ms),
  });
  const answered = (taskId: string) =>
    store.ingests.markRunning({
      taskId,
      fence: 0,
      trtcTaskId: `trtc-${taskId}`,
      mediaState: "connecting",
      startedAt: T0,
      deadlineAt: addMs(T0, MINUTE_MS),
      latestAt: addMs(T0, MINUTE_MS),
    });
  const end = (taskId: string, reason: "stopped" | "finished" | "lost") =>
    store.ingests.markEnded({ taskId, fence: 0, reason, at: addMs(T0, 5000) });

  /** Each event as its position, its type and its new fact. */
  async function eventsOf(taskId: string): Promise<string[]> {
    const sql = "select * from outbox where task_id = $1 order by position";
    const rows = await database.query(sql, [taskId]);
    return rows.map((row) => {
      const facts = row["facts"] as Record<string, string | null>;
      const news = facts["media_state"] ?? facts["end_reason"] ?? "";
      return `${String(row["position"])} ${String(row["type"])} ${news}`.trimEnd();
    });
  }

  test("holds media events from before the start's answer, after the event of the start", async () => {
    const ingest = newIngest({ notify: true });
    await store.ingests.beginStart(ingest);
    await store.unclaimedTasks.keep(mediaEvent(ingest.taskId, "playing", 500));
    await answered(ingest.taskId);
    await end(ingest.taskId, "stopped");
    expect(await eventsOf(ingest.taskId)).toEqual([
      ...["1 ingest.started", "2 ingest.media playing", "3 ingest.ended stopped"],
    ]);
    const [, media] = await database.query("select * from outbox order by position");
    expect(media).toMatchObject({
      happened_at: addMs(T0, 500),
      facts: { state: "running", media_state: "playing" },
    });
  });

  test("holds only the start where TRTC reported nothing, or only the end", async () => {
    const [one, two] = [newIngest({ notify: true }), newIngest({ notify: true })];
    for (const ingest of [one, two]) await store.ingests.beginStart(ingest);
    await store.unclaimedTasks.keep(mediaEvent(two.taskId, undefined, 500));
    for (const { taskId } of [one, two]) await answered(taskId);
    for (const { taskId } of [one, two]) {
      expect(await eventsOf(taskId)).toEqual(["1 ingest.started"]);
    }
  });

  test("holds an event that missed the start's answer once, and only if it is news", async () => {
    const { taskId } = await runningIngest(store, { notify: true });
    await store.unclaimedTasks.keep(mediaEvent(taskId, "playing", 500));
    await store.unclaimedTasks.adopt();
    await store.unclaimedTasks.adopt();
    await store.unclaimedTasks.keep(mediaEvent(taskId, "retrying", 100));
    await store.unclaimedTasks.adopt();
    expect(await eventsOf(taskId)).toEqual(["1 ingest.started", "2 ingest.media playing"]);
  });

  test("holds no media event of an ended ingest", async () => {
    const { taskId } = await runningIngest(store, { notify: true });
    await end(taskId, "stopped");
    await store.roomEvents.recordTaskEvent(mediaEvent(taskId, "playing", 500));
    expect(await eventsOf(taskId)).toEqual(["1 ingest.started", "2 ingest.ended stopped"]);
    expect(await store.ingests.read(taskId)).toMatchObject({ mediaState: "playing", notified: 2 });
  });

  test("holds an end again when it is explained, but not when it needs no explanation", async () => {
    const [one, two] = [
      await runningIngest(store, { notify: true }),
      await runningIngest(store, { notify: true }),
    ];
    await end(one.taskId, "lost");
    await end(two.taskId, "stopped");
    for (const { taskId } of [one, one, two]) await store.roomEvents.explainEnd(taskId);
    expect(await eventsOf(one.taskId)).toEqual([
      ...["1 ingest.started", "2 ingest.ended lost", "3 ingest.ended failed"],
    ]);
    expect(await eventsOf(two.taskId)).toEqual(["1 ingest.started", "2 ingest.ended stopped"]);
  });
});
