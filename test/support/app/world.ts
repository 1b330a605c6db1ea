/** Everything that a refused request must not change: the tables, and TRTC's tasks and calls. */
import type { TestApp } from "./test-app.js";

export async function worldOf({ database, truth }: TestApp) {
  const tasks = await truth.tasks();
  return {
    ingests: await database.query("select * from ingest order by task_id"),
    schedules: await database.query("select * from schedule order by schedule_id"),
    occurrences: await database.query("select * from occurrence order by schedule_id, nominal_at"),
    slots: await database.query("select * from call_slot order by account, action"),
    signatures: await database.query("select * from used_signature order by signature"),
    // The position, the source and what was played change by themselves, so they are left out.
    tasks: tasks.map(
      ({ positionSeconds, loops, durationSeconds, media, sourceState, played, ...task }) => task,
    ),
    calls: await truth.calls(),
  };
}
