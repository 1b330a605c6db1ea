/**
 * TRTC's last answer to each action, by account. Runs of timers write theirs, and a trigger those of
 * starts. It takes the place of `trtc_answer`, which has no account.
 */
export const trtcCalls = `
create table trtc_call (
  account      text not null,
  action       text not null,
  answered_at  timestamptz not null,
  -- The code of its error; null: it accepted the call.
  code         text,
  primary key (account, action)
) with (fillfactor = 50);

-- TRTC's code where it refused the start; null: it did not, or was not asked.
alter table ingest add column start_refusal text;

-- Never waits for a row: the start that holds it has an answer of the same instant.
create function note_start_answer() returns trigger language plpgsql as $$
declare
  refusal text := case when new.state = 'ended' then new.start_refusal end;
begin
  update trtc_call set answered_at = clock_timestamp(), code = refusal
  where (account, action) = (
    select account, action from trtc_call
    where account = new.account and action = 'StartStreamIngest'
    for no key update skip locked
  );
  if not found and not exists (
    select from trtc_call where account = new.account and action = 'StartStreamIngest'
  ) then
    insert into trtc_call (account, action, answered_at, code)
    values (new.account, 'StartStreamIngest', clock_timestamp(), refusal)
    on conflict do nothing;
  end if;
  return null;
end
$$;

create trigger start_answered after update of state on ingest for each row
  when (old.state = 'starting' and (
    new.state = 'running' or (new.state = 'ended' and new.start_refusal is not null)
  )) execute function note_start_answer();
`;
