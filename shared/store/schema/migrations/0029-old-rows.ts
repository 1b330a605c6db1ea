/**
 * Indexes for reads that looked at rows in proportion to all that ever ended. On a table with many
 * millions of rows an operator builds them before, with `concurrently` and the same names: see
 * docs/operations.md.
 */
export const oldRows = `
-- Lists by application. A caller may have an old application among millions of rows of its others.
create index if not exists ingest_list_app on ingest (caller_id, sdk_app_id, task_id desc);

-- The failed and the lost, for operators.
create index if not exists ingest_failed on ingest (task_id desc)
  where state = 'ended' and end_reason in ('failed', 'lost');
create index if not exists ingest_failed_app on ingest (sdk_app_id, task_id desc)
  where state = 'ended' and end_reason in ('failed', 'lost');

-- Around the instant of a callback. A robot and a room may have thousands of ended rows.
create index if not exists ingest_robot_ends on ingest (sdk_app_id, robot_user_id, ended_at) where state = 'ended';
create index if not exists ingest_lost_ends on ingest (sdk_app_id, room_id, ended_at) where end_reason = 'lost';
`;
