/** Who asked for a stop, robots that somebody removes, and starts that are given up. */
export const endCauses = `
alter table ingest drop constraint ingest_end_cause_check, add constraint ingest_end_cause_check
  check (end_cause in ('room-dismissed', 'caller', 'event', 'robot-removed', 'start-given-up')) not valid;

-- The end of a source is a guess, which the leaving of its robot may correct.
create index ingest_guessed_robot on ingest (sdk_app_id, robot_user_id, ended_at)
  where end_reason in ('finished', 'lost');
`;
