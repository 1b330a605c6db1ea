/** Failures to open a source count until it plays, and of this source alone. */
export const sourceFailures = `
-- Only later failures count: it has played since, or plays from another address. What failed before
-- may be told after, when the row has moved on and does not say any more when that was.
alter table ingest add column failures_after timestamptz;
alter table unclaimed_task add column failures_after timestamptz;

-- Those whose source may have failed for good: at any time there are few.
create index ingest_failing on ingest (heard_at)
  where state = 'running' and cardinality(media_failures) >= 3;
`;
