/** Ended ingests in the order in which retention deletes them. */
export const retention = `
create index ingest_ended on ingest (ended_at) where state = 'ended' and unsure_until is null;
`;
