/** What a caller may have at once and start in a minute; whose turn it is at an account's slots. */
export const fairShares = `
-- Each live ingest of a caller with MaxIngests has one of so many places.
alter table ingest add column quota_place integer;
-- Each start of a caller with StartsPerMinute has one of so many lanes, for 60 seconds.
alter table ingest add column rate_lane integer;
alter table ingest add column rate_round bigint;
alter table ingest add column rate_at timestamptz;

create unique index ingest_quota_place on ingest (caller_id, quota_place)
  where state <> 'ended' and quota_place is not null;
create unique index ingest_rate_lane on ingest (caller_id, rate_lane, rate_round)
  where rate_lane is not null;
create index ingest_rate_at on ingest (caller_id, rate_at) where rate_at is not null;

-- What whoever asked last was told: its slot, or when to ask again.
alter table call_slot add column told_at timestamptz;
alter table call_slot add column is_granted boolean;
-- The slots ahead of now, by caller, and until when each caller's others are to ask again.
alter table call_slot add column turn_of text[] not null default '{}';
alter table call_slot add column turn_at timestamptz[] not null default '{}';
alter table call_slot add column queue_of text[] not null default '{}';
alter table call_slot add column queue_until timestamptz[] not null default '{}';
`;
