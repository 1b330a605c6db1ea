/** What a start found in the headers of its source. */
export const sourceMedia = `
alter table ingest add column media jsonb;
`;
