/** The ingests, and the shared record of which calls to TRTC have been granted. */
export const ingests = `
create table ingest (
  task_id          text primary key,
  caller_id        text not null,
  account          text not null,
  site             text not null check (site in ('intl', 'cn')),
  region           text not null,
  sdk_app_id       bigint not null,
  room_id          text not null,
  room_id_type     smallint not null check (room_id_type in (0, 1)),
  robot_user_id    text not null,
  -- What is played and how: the fields for TRTC, without any signed text.
  play             jsonb not null,
  -- Names the caller's intent: a ClientToken, or a signature.
  client_token     text,
  request_hash     text not null,

  state            text not null check (state in ('starting', 'running', 'stopping', 'ended')),
  -- From 'stopping' on: why it ends.
  end_reason       text check (end_reason in ('stopped', 'expired', 'finished', 'failed', 'lost')),
  failure_code     text,
  failure_message  text,
  trtc_task_id     text,

  created_at       timestamptz not null,
  started_at       timestamptz,
  -- Bounds that a moved deadline must keep.
  latest_at        timestamptz not null,
  deadline_at      timestamptz not null,
  stop_asked_at    timestamptz,
  ended_at         timestamptz,
  due_at           timestamptz generated always as (least(deadline_at, stop_asked_at)) stored,

  -- A short claim on the row, which lapses by itself; the fence makes a lapsed one harmless.
  lease_until      timestamptz,
  fence            bigint not null default 0,

  check ((state in ('starting', 'running')) = (end_reason is null)),
  check ((state = 'ended') = (ended_at is not null)),
  check (state not in ('running', 'stopping') or trtc_task_id is not null)
);

create unique index ingest_client_token on ingest (caller_id, client_token)
  where client_token is not null;
create unique index ingest_live_robot on ingest (sdk_app_id, robot_user_id)
  where state <> 'ended';
create index ingest_trtc_task on ingest (trtc_task_id) where trtc_task_id is not null;
create index ingest_due on ingest (due_at) where state <> 'ended';

-- Lists are newest first, and task ids sort by time.
create index ingest_list on ingest (caller_id, task_id desc);
create index ingest_list_room on ingest (caller_id, room_id, task_id desc);
create index ingest_list_live on ingest (caller_id, state, task_id desc) where state <> 'ended';

-- TRTC takes 20 calls a second of each action and account, from all instances together.
create table call_slot (
  account       text not null,
  action        text not null,
  next_free_at  timestamptz not null,
  primary key (account, action)
);

-- Signatures of updates that took effect: one that comes again does nothing.
create table used_signature (
  signature  text primary key,
  used_at    timestamptz not null
);
create index used_signature_used_at on used_signature (used_at);
`;
