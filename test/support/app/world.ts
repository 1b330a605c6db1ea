/** Everything that a refused request may not change: the tables, and what TRTC has and was asked. */
import type { TestApp } from "./test-app.js";

export async function worldOf({ database, truth }: TestApp) {
  const tasks = await truth.tasks();
  return {
    ingests: await database.query("select * from ingest order by task_id"),
    slots: await database.query("select * from call_slot order by account, action"),
    signatures: await database.query("select * from used_signature order by signature"),
    // Where a task plays moves by itself, and what it plays is learned in a moment of its own.
    tasks: tasks.map(
      ({ positionSeconds, loops, durationSeconds, media, sourceState, ...task }) => task,
    ),
    calls: await truth.calls(),
  };
}
