/** The interval of a timer is the middle one of its last gaps. One gap alone may be an outage. */
export const timerGaps = `
-- Milliseconds between the ends of its last runs, the newest first.
alter table timer_run add column gaps_ms bigint[] not null default '{}';
`;
