/** Messages of cloud events that did not become what they ask for. */
export const deadLetters = `
create table dead_letter (
  -- Of the source and the message's own id: the same message again is the same row.
  id           text primary key,
  source       text not null,
  message_id   text not null,
  received_at  timestamptz not null,
  -- Why, as a caller would have been told.
  code         text not null,
  message      text not null,
  -- What a replay needs, without UserSig and PrivateMapKey.
  payload      jsonb not null,
  -- How often it came to nothing.
  attempts     integer not null default 1,
  -- When it came to something after all.
  replayed_at  timestamptz
);
create index dead_letter_received on dead_letter (received_at, id);
`;
