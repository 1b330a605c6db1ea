/** Updates that are under way, that were sent with a ClientToken, and the order of a second's. */
export const updateOrder = `
-- Somebody carries the update out until then; null: it was carried out.
alter table used_signature add column lease_until timestamptz;
-- Of a ClientToken: what was sent with it.
alter table used_signature add column request_hash text;
-- The X-TC-TraceId of each time that it was carried out: an SDK makes one for each request.
alter table used_signature add column traces text[];

-- The last updates, as long as they were signed in one second: which was the last, and when each
-- came first.
alter table ingest add column update_run jsonb;
`;
