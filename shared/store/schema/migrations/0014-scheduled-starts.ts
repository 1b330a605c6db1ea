/** Ingests that start later, and when advance-ingests acts on them. */
export const scheduledStarts = `
-- The StartTime that was asked for, and the latest instant at which the start is tried.
alter table ingest add column starts_at timestamptz;
alter table ingest add column start_by timestamptz;

-- The StopTime, MaxDuration and ExtendableUntil of the request: a moved StartTime needs them.
alter table ingest add column asked jsonb;

-- When advance-ingests acts next; null: it has nothing to do. Its claim is apart from lease_until,
-- so that it never delays a stop.
alter table ingest add column advance_at timestamptz;
alter table ingest add column advance_lease_until timestamptz;
alter table ingest add column advance_fence bigint not null default 0;

create index ingest_advances on ingest (account, caller_id, advance_at)
  where advance_at is not null;

alter table outbox drop constraint outbox_type_check,
  add constraint outbox_type_check
  check (type in ('ingest.started', 'ingest.media', 'ingest.ended', 'ingest.scheduled')) not valid;
`;
