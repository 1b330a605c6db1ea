/** What explains an end: since when it was paused, and ends that a room's closing explains later. */
export const endsExplained = `
-- TRTC's Chinese site ends what is paused for over twelve hours.
alter table ingest add column paused_at timestamptz;

-- What the reason alone does not say.
alter table ingest add column end_cause text check (end_cause in ('room-dismissed'));

-- At any time few ends have no known reason.
create index ingest_lost_room on ingest (sdk_app_id, room_id) where end_reason = 'lost';
`;
