/**
 * Autovacuum by less of the table. A fifth of 4.5 million rows is three days of changes. Until then the
 * indexes of the few live rows carry the dead versions of all that ended.
 */
export const vacuum = `
alter table ingest set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
`;
