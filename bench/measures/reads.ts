/** Describe and list through their handlers, one at a time, as the caller sees them. */
import { makeHandler as describeFunction } from "../../functions/describe-ingest.js";
import { makeHandler as listFunction } from "../../functions/list-ingests.js";
import { makeHandler as startFunction } from "../../functions/start-ingest.js";
import type { ListAnswer } from "../../shared/ingest/list.js";
import { ask, openInstance } from "../instance.js";
import { type Bench, median, percentile, type Subject, takeTurns, timed } from "../measure.js";
import { ACCOUNTS, bearerEvent, sdkAppIdOf, startEvent } from "../accounts.js";
import type { Section } from "../results.js";
import { endedTaskIds, ROOMS, type Stored } from "../seed.js";
import { using } from "../stage.js";

const WARM_UPS = 20;

export async function benchReads(bench: Bench, { databaseUrl, rows }: Stored): Promise<Section> {
  const stage = await bench.stage();
  const rounds = bench.quick ? 60 : ACCOUNTS - WARM_UPS;
  const turns = {
    rounds,
    warmUps: WARM_UPS,
    onRound: (line: string) => bench.show(`reads, ${line}`),
  };
  const ended = await using(databaseUrl, ({ query }) => endedTaskIds(query, rounds + WARM_UPS));
  const instance = openInstance(stage, { databaseUrl });
  const open = () => Promise.resolve(instance.services);
  const [start, describe, list] = [startFunction(open), describeFunction(open), listFunction(open)];
  const reading = (name: string, read: (round: number) => Promise<unknown>): Subject<number> => ({
    name,
    run: (round) => timed(() => read(round)),
  });
  const listing = (name: string, fields: (round: number) => object) =>
    reading(name, (round) => ask(list, bearerEvent(fields(round))));
  try {
    const running: string[] = [];
    for (let account = 0; account < rounds + WARM_UPS; account += 1) {
      const { TaskId } = await ask<{ TaskId: string }>(start, startEvent(stage.trtcUrl, account));
      running.push(TaskId);
    }
    // The room's rows are spread evenly over the table. The page after all but one is near its end.
    const room = { RoomId: "room-0", Limit: rows / ROOMS - 1 };
    const { NextCursor } = await ask<ListAnswer>(list, bearerEvent(room));
    const describeIt = (account: number, TaskId: string | undefined) =>
      ask(describe, bearerEvent({ SdkAppId: sdkAppIdOf(account), TaskId }));
    const outcomes = await takeTurns(
      [
        reading("describe, ended", (round) => describeIt(0, ended[round])),
        // Another account each time, so that none waits for its slot.
        reading("describe, running (asks TRTC)", (round) => describeIt(round, running[round])),
        listing("list, the newest 20", () => ({})),
        listing("list, 20 of a room", (round) => ({ RoomId: `room-${(round * 2) % ROOMS}` })),
        listing("list, the newest 20 that run", () => ({ State: "running" })),
        listing("list, a page far down", () => ({ Cursor: NextCursor })),
      ],
      turns,
    );
    return {
      title: `store: reads with ${rows.toLocaleString("en-US")} rows`,
      rows: [...outcomes].map(([subject, times]) => ({
        subject,
        figures: { p50Ms: median(times), p99Ms: percentile(times, 99) },
      })),
      ratios: [],
      goals: [],
    };
  } finally {
    await instance.close();
  }
}
