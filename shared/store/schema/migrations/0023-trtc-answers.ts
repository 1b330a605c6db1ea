/** What TRTC answered last, for health. Runs of timers write it with the mark of their end. */
export const trtcAnswers = `
create table trtc_answer (
  action       text primary key,
  answered_at  timestamptz not null,
  -- The code of its error; null: it accepted the call.
  code         text
);
`;
