/** What settling needs to know of an ingest, and bursts of calls within TRTC's 20 a second. */
export const settling = `
-- Until then another task of this robot may turn up at TRTC: a start was sent whose answer never
-- came, and a request that is under way is taken for as long as its signature is valid.
alter table ingest add column unsure_until timestamptz;

-- When somebody took the start over that another had left without an answer.
alter table ingest add column settled_at timestamptz;

-- When TRTC was last asked about a running ingest, or told of it.
alter table ingest add column heard_at timestamptz;

create index ingest_unsettled on ingest (lease_until) where state = 'starting';
create index ingest_unsure on ingest (unsure_until) where state = 'ended' and unsure_until is not null;
create index ingest_unsure_robot on ingest (sdk_app_id, robot_user_id)
  where state = 'ended' and unsure_until is not null;
create index ingest_in_hand on ingest (lease_until)
  where state in ('running', 'stopping') and lease_until is not null;
create index ingest_quiet on ingest (heard_at nulls first) where state = 'running';

-- The slots that were granted last, oldest first: as many as TRTC takes calls in a second.
alter table call_slot add column recent timestamptz[] not null default '{}';
`;
