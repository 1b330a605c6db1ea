/** Schedules as rows: names, tokens, lists. The promises hold on both engines. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import type { NewSchedule } from "../../shared/store/schedules/writes.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { T0 } from "../support/app/ingests.js";
import { newSchedule } from "../support/schedules/rows.js";
import { ENGINES } from "../support/database/databases.js";

describe.each(ENGINES)("%s", (_name, open) => {
  let database: Database;
  let store: Store;

  beforeAll(async () => {
    database = await open();
    store = createStore(database);
  });
  beforeEach(() => database.query("truncate schedule cascade"));
  afterAll(() => database.close());

  const insert = (schedule: NewSchedule) =>
    store.schedules.transaction((writes) => writes.insert(schedule));

  test("a schedule reads back as it was written", async () => {
    const schedule = newSchedule({ comment: "every day", notified: 0, clientToken: "token" });

    const inserted = await insert(schedule);

    const expected = { ...schedule, revision: 1, failures: 0, planAt: null };
    expect(inserted).toEqual({ outcome: "created", schedule: expected });
    expect(await store.schedules.read(schedule)).toEqual(expected);
    expect(await store.schedules.findByName(schedule)).toEqual(expected);
    expect(await store.schedules.read({ ...schedule, callerId: "other" })).toBeUndefined();
  });

  test("the same ClientToken names the same schedule again", async () => {
    const first = newSchedule({ clientToken: "token" });
    await insert(first);

    const again = await insert(newSchedule({ clientToken: "token" }));
    const ofAnother = await insert(newSchedule({ clientToken: "token", callerId: "other" }));

    expect(again).toMatchObject({
      outcome: "token-known",
      schedule: { scheduleId: first.scheduleId },
    });
    expect(ofAnother.outcome).toBe("created");
  });

  test("a name belongs to one schedule of a caller until that one is deleted", async () => {
    const first = newSchedule({ name: "news" });
    await insert(first);
    const second = newSchedule({ name: "news" });
    expect(await insert(second)).toMatchObject({ outcome: "name-taken" });

    await store.schedules.transaction(async (writes) => {
      const locked = await writes.lock(first);
      if (locked) await writes.update({ ...locked, state: "Deleted" });
    });

    expect(await insert(second)).toMatchObject({ outcome: "created" });
    expect(await store.schedules.transaction((writes) => writes.lock(first))).toBeUndefined();
  });

  test("a schedule cannot take another one's name", async () => {
    await insert(newSchedule({ name: "news" }));
    const { schedule } = await insert(newSchedule({ name: "sport" }));

    const rename = (name: string) =>
      store.schedules.transaction((writes) => writes.update({ ...schedule, name }));

    expect(await rename("news")).toBeUndefined();
    expect(await rename("weather")).toMatchObject({ name: "weather" });
  });

  test("a list has the newest first, goes on behind a schedule, and has filters", async () => {
    const schedules = [0, 1, 2].map((n) =>
      newSchedule({ createdAt: addMs(T0, n * MINUTE_MS), roomId: `room-${n % 2}` }),
    );
    for (const schedule of schedules) await insert(schedule);
    const [first, second, third] = schedules.map(({ scheduleId }) => scheduleId);
    const list = async (filter: object) =>
      (await store.schedules.list({ callerId: "caller", limit: 2, ...filter })).map(
        ({ scheduleId }) => scheduleId,
      );

    expect(await list({})).toEqual([third, second]);
    expect(await list({ before: second })).toEqual([first]);
    expect(await list({ roomId: "room-0" })).toEqual([third, first]);
    expect(await list({ state: "Paused" })).toEqual([]);
    expect(await list({ callerId: "other" })).toEqual([]);
  });

  test("the other schedules of a room are those of the same caller that are enabled", async () => {
    const [mine, other] = [newSchedule(), newSchedule()];
    for (const schedule of [
      mine,
      other,
      newSchedule({ callerId: "other" }),
      newSchedule({ roomIdType: 1 }),
      newSchedule({ state: "Paused" }),
    ]) {
      await insert(schedule);
    }

    const others = await store.schedules.listInRoom({
      ...mine,
      besides: mine.scheduleId,
      limit: 9,
    });

    expect(others.map(({ scheduleId }) => scheduleId)).toEqual([other.scheduleId]);
  });
});
