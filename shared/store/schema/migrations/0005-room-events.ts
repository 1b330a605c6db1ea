/** What TRTC's callbacks tell: how a source does, and tasks that no ingest knows (yet). */
export const roomEvents = `
-- The last that was told of the source, and when it was so by TRTC's clock.
alter table ingest add column media_state text check (media_state in ('connecting', 'playing', 'retrying', 'failed'));
alter table ingest add column media_at timestamptz;

-- When opening it failed, of the last minutes: how often, however often each was told.
alter table ingest add column media_failures timestamptz[] not null default '{}';

-- The robot that somebody saw enter or leave: of ended ingests as well.
create index ingest_robot on ingest (sdk_app_id, robot_user_id);
create index ingest_room on ingest (sdk_app_id, room_id) where state <> 'ended';

-- Tasks that were told of and that no ingest has: the answer to their start is on its way, or was
-- lost, or somebody else plays them. What is told of them waits here for the answer.
create table unclaimed_task (
  sdk_app_id      bigint not null,
  trtc_task_id    text not null,
  first_seen_at   timestamptz not null,
  last_seen_at    timestamptz not null,
  media_state     text check (media_state in ('playing', 'retrying', 'failed')),
  media_at        timestamptz,
  media_failures  timestamptz[] not null default '{}',
  ended_at        timestamptz,
  -- When TRTC was last asked to stop it.
  stop_asked_at   timestamptz,
  primary key (sdk_app_id, trtc_task_id)
);
create index unclaimed_task_seen on unclaimed_task (first_seen_at);

-- Who is in which room; the user '' is when the room was last closed.
create table room_audience (
  sdk_app_id  bigint not null,
  room_id     text not null,
  user_id     text not null,
  is_present  boolean not null,
  event_at    timestamptz not null,
  primary key (sdk_app_id, room_id, user_id)
);
create index room_audience_event on room_audience (event_at);

-- An ingest ends when nobody has been there for so long, and when that will be.
alter table ingest add column empty_seconds integer check (empty_seconds > 0);
alter table ingest add column empty_at timestamptz;

-- What due_at was before. No column of its own, which would write every row of the table anew.
create index ingest_ends on ingest (least(due_at, empty_at)) where state <> 'ended';

alter table ingest drop constraint ingest_end_reason_check,
  add constraint ingest_end_reason_check
  check (end_reason in ('stopped', 'expired', 'finished', 'failed', 'lost', 'empty')) not valid;
`;
