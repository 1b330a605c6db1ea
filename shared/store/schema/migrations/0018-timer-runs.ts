/** When each timer ran last. A timer has no row before its first run. */
export const timerRuns = `
create table timer_run (
  function  text primary key,
  -- The end of its last run.
  ran_at    timestamptz not null,
  -- Between the ends of its last two runs.
  gap_ms    bigint,
  -- Runs that failed since the last good one.
  failures  integer not null default 0
);
`;
