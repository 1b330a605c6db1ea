/** What callers are to be told of their ingests, written with the change that it tells of. */
export const notifications = `
-- How many events of it there are; null: its caller wants none. Set at its start, so that no later
-- statement has to be told.
alter table ingest add column notified integer;

create table outbox (
  task_id      text not null,
  -- 1, 2, 3… of its ingest: the order in which they are delivered.
  position     integer not null,
  caller_id    text not null,
  type         text not null check (type in ('ingest.started', 'ingest.media', 'ingest.ended')),
  happened_at  timestamptz not null,
  -- The ingest as it was then, without what is played.
  facts        jsonb not null,

  attempts     integer not null default 0,
  -- Not before; of one that is being sent: until then nobody else sends it.
  try_at       timestamptz not null,
  give_up_at   timestamptz not null,
  -- Given up; what is delivered is deleted.
  dead_at      timestamptz,
  dead_reason  text,

  primary key (task_id, position),
  check ((dead_at is null) = (dead_reason is null))
);

create index outbox_waiting on outbox (caller_id, try_at) where dead_at is null;
create index outbox_dead on outbox (dead_at) where dead_at is not null;
`;
