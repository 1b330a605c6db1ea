/** Ingests that play a list, change to a backup, or are started again: what to play, and when to act. */
export const programmes = `
-- What plays and how failures are met; null: one source, until it ends.
alter table ingest add column programme jsonb;

-- What is on air now, and what has happened to it.
alter table ingest add column on_air jsonb;

-- When advance-ingests acts on a running ingest next; null: it has nothing to do. Its claim is apart
-- from lease_until, so that it never delays a stop.
alter table ingest add column step_at timestamptz;
alter table ingest add column step_lease_until timestamptz;
alter table ingest add column step_fence bigint not null default 0;

create index ingest_steps on ingest (account, caller_id, step_at)
  where state = 'running' and step_at is not null;

-- The Sequence of the last update that had one.
alter table ingest add column sequence bigint;

-- The ingest whose task this row replaces. Callers do not see such a row.
alter table ingest add column successor_of text;
create index ingest_successors on ingest (successor_of) where successor_of is not null;

alter table outbox drop constraint outbox_type_check,
  add constraint outbox_type_check
  check (type in ('ingest.started', 'ingest.media', 'ingest.ended', 'ingest.scheduled', 'ingest.item', 'ingest.source', 'ingest.restarted')) not valid;
`;
