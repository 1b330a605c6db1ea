/** What a caller may have at once and start in a minute; whose turn it is at an account's slots. */
export const fairShares = `
-- Each live ingest of a caller with MaxIngests has one of so many places. A place whose ingest has
-- ended, or never was, is free.
create table caller_place (
  caller_id  text not null,
  place      integer not null,
  task_id    text not null,
  primary key (caller_id, place)
);

-- Each start of a caller with StartsPerMinute has one of so many lanes, for 60 seconds.
create table caller_lane (
  caller_id  text not null,
  lane       integer not null,
  taken_at   timestamptz not null,
  primary key (caller_id, lane)
);

-- What whoever asked last was told: its slot, or when to ask again.
alter table call_slot add column told_at timestamptz;
alter table call_slot add column is_granted boolean;
-- The slots ahead of now, by caller, and until when each caller's others are to ask again.
alter table call_slot add column turn_of text[] not null default '{}';
alter table call_slot add column turn_at timestamptz[] not null default '{}';
alter table call_slot add column queue_of text[] not null default '{}';
alter table call_slot add column queue_until timestamptz[] not null default '{}';
`;
