/** Lists by how an ingest ended, and by its source: the rare ones among a caller's many. */
export const listFilters = `
create index ingest_list_end on ingest (caller_id, end_reason, task_id desc) where state = 'ended';
create index ingest_list_media on ingest (caller_id, media_state, task_id desc)
  where media_state is not null;
`;
