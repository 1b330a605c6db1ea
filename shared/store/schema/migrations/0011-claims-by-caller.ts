/** What falls due, by caller: the first of each are found without reading another's crowd. */
export const claimsByCaller = `
create index ingest_claims on ingest (account, caller_id, (least(due_at, empty_at)))
  where state in ('running', 'stopping');
`;
