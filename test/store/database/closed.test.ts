/** A database that its own process has closed does not come back, so work on it ends at once. */
import { describe, expect, jest, test } from "@jest/globals";
import { MINUTE_MS } from "../../../shared/clock.js";
import { throughOutage } from "../../../shared/ingest/outage.js";
import { createStore } from "../../../shared/store/store.js";
import { T0 } from "../../support/app/ingests.js";
import { manualClock } from "../../support/app/manual-clock.js";
import { ENGINES, openTestPglite } from "../../support/database/databases.js";

describe.each(ENGINES)("%s", (_name, open) => {
  test("a statement on a closed database is tried once", async () => {
    const database = await open();
    const store = createStore(database);
    await database.close();
    const clock = manualClock();
    const beganMs = clock.elapsedMs();
    const ask = jest.fn(() =>
      store.ingests.release({ taskId: "ing-1", fence: 1, retryAt: new Date(T0) }),
    );

    const asked = throughOutage({ clock }, () => 10 * MINUTE_MS, ask);

    await expect(asked).rejects.toMatchObject({ code: "ServiceUnavailable" });
    expect(ask).toHaveBeenCalledTimes(1);
    expect(clock.elapsedMs()).toBe(beganMs);
  });
});

test("a statement that waits when PGlite closes is refused", async () => {
  const database = await openTestPglite();
  const waiting = Array.from({ length: 20 }, () =>
    database.query("select 1 as one").then(
      () => "done",
      () => "refused",
    ),
  );
  await waiting[0];
  await database.close();
  const outcomes = await Promise.all(waiting);
  expect(outcomes[0]).toBe("done");
  expect(outcomes.at(-1)).toBe("refused");
});
