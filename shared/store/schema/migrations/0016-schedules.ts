/** Schedules, their occurrences, and the ingests that belong to them. */
export const schedules = `
create table schedule (
  schedule_id text primary key,
  caller_id text not null,
  sdk_app_id bigint not null,
  room_id text not null,
  room_id_type smallint not null,
  name text not null,
  comment text not null,
  state text not null check (state in ('Enabled', 'Paused', 'Deleted')),
  -- Why it is paused, where its caller did not ask for it.
  paused_because text,
  -- Its time zone, windows, policies, and the body of its starts.
  definition jsonb not null,
  client_token text,
  request_hash text not null,
  -- Grows with each change. An occurrence that was planned by an older revision is planned anew.
  revision bigint not null,
  -- The version of the time zone data that its occurrences were planned with.
  tzdata text not null,
  -- Every occurrence that starts before this instant has its row.
  planned_until timestamptz not null,
  -- When planning looks at it next; null: it has no further occurrence, or is not enabled.
  plan_at timestamptz,
  -- How many occurrences in a row have failed.
  failures integer not null default 0,
  -- The number of its last notification; null: its caller receives none.
  notified integer,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index schedule_names on schedule (caller_id, name) where state <> 'Deleted';
create unique index schedule_tokens on schedule (caller_id, client_token) where client_token is not null;
create index schedule_rooms on schedule (sdk_app_id, room_id, room_id_type) where state <> 'Deleted';
create index schedule_plans on schedule (plan_at) where plan_at is not null;
create index schedule_tzdata on schedule (tzdata) where state = 'Enabled' and plan_at is not null;
create index schedule_deleted on schedule (updated_at) where state = 'Deleted';

-- One instant at which a schedule has an ingest, or a reason why not.
create table occurrence (
  schedule_id text not null references schedule,
  -- The start that the schedule's rules give, in UTC.
  nominal_at timestamptz not null,
  -- The start with its jitter. A late one keeps it.
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  -- The start by the clocks of its zone. It stays when the zone's rules change.
  local_start text,
  revision bigint not null,
  state text not null check (state in ('Planned', 'Done', 'Skipped', 'Missed', 'Failed', 'Cut')),
  -- Its ingest; null: it has none yet, or never had one.
  task_id text,
  reason text,
  detail text,
  started_at timestamptz,
  ended_at timestamptz,
  -- When its final state was counted.
  settled_at timestamptz,
  primary key (schedule_id, nominal_at)
);
create index occurrence_tasks on occurrence (task_id) where task_id is not null;
create index occurrence_unsettled on occurrence (starts_at) where settled_at is null;
create index occurrence_open on occurrence (schedule_id) where settled_at is null;
create index occurrence_settled on occurrence (settled_at) where settled_at is not null;

-- The occurrence that the ingest belongs to, and how it meets others in its room.
alter table ingest add column occurrence jsonb;
create index ingest_occurrences on ingest (sdk_app_id, room_id, room_id_type) where occurrence is not null and state <> 'ended';

-- cut: another occurrence took its place. schedule: its schedule was changed, paused or deleted.
-- missed: nothing tried the start in its time.
alter table ingest drop constraint ingest_end_cause_check, add constraint ingest_end_cause_check
  check (end_cause in ('room-dismissed', 'caller', 'event', 'robot-removed', 'start-given-up', 'cut', 'schedule', 'missed')) not valid;

alter table outbox drop constraint outbox_type_check,
  add constraint outbox_type_check
  check (type in ('ingest.started', 'ingest.media', 'ingest.ended', 'ingest.scheduled', 'ingest.item', 'ingest.source', 'ingest.restarted', 'schedule.missed', 'schedule.paused')) not valid;
`;
