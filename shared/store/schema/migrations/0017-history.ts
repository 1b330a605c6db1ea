/**
 * The history of ingests. Triggers write it, so a statement cannot forget it: whatever changes a
 * watched column of `ingest` also writes what has changed, in the same statement.
 */
export const history = `
-- Who makes a change. A statement sets changed_by, and the trigger takes it out again, so a stored
-- row never has one. Code from before this migration sets neither.
alter table ingest add column created_by jsonb, add column changed_by jsonb;

create table ingest_event (
  task_id      text not null,
  -- 1, 2, 3… of its ingest.
  sequence     integer not null,
  -- By the database's clock.
  happened_at  timestamptz not null,
  type         text not null check (type in ('created', 'scheduled', 'started', 'start-failed', 'restarting', 'restarted', 'updated', 'deadline-moved', 'item', 'source', 'media', 'rolled-over', 'stopping', 'ended')),
  -- kind, id, function, from, requestId; null: the code did not say.
  actor        jsonb,
  -- What has changed, under the names of the API, without any part of a URL that may be secret.
  before       jsonb not null,
  after        jsonb not null,
  primary key (task_id, sequence)
);

create function instant_text(instant timestamptz) returns text language sql stable as $$
  select to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- What history keeps of a row. The cause of an end counts once the end is asked for: before that
-- it is a guess, and may change with each callback.
create function ingest_facts(row_now ingest) returns jsonb language sql stable as $$
  select (row_now.play - 'Stored') || jsonb_build_object(
    'State', row_now.state,
    'EndReason', row_now.end_reason,
    'EndCause', case when row_now.stop_asked_at is not null or row_now.state = 'ended' then row_now.end_cause end,
    'CutBy', row_now.occurrence -> 'cut' ->> 'by',
    'FailureCode', row_now.failure_code,
    'FailureMessage', row_now.failure_message,
    'TrtcTaskId', row_now.trtc_task_id,
    'UserId', row_now.robot_user_id,
    'ScheduledTime', instant_text(row_now.starts_at),
    'StartTime', instant_text(row_now.started_at),
    'Deadline', instant_text(row_now.deadline_at),
    'ExtendableUntil', instant_text(row_now.latest_at),
    'StopAskedTime', instant_text(row_now.stop_asked_at),
    'PausedTime', instant_text(row_now.paused_at),
    'EndTime', instant_text(row_now.ended_at),
    'MediaState', row_now.media_state,
    'Sequence', row_now.sequence,
    'ItemIndex', row_now.on_air -> 'index',
    'Round', row_now.on_air -> 'round',
    'Source', row_now.on_air -> 'source',
    'Restarts', row_now.on_air -> 'restarts',
    'RolledOver', row_now.on_air -> 'rolledOver',
    'Playlist', (
      select jsonb_agg(item - 'LengthSeconds' order by place)
      from jsonb_array_elements(row_now.programme -> 'items') with ordinality as list (item, place)
    ),
    'PlaylistRepeatNum', row_now.programme -> 'rounds',
    'OnItemFailure', row_now.programme -> 'onItemFailure',
    'BackupStreamUrl', row_now.programme -> 'backupUrl',
    'FillerStreamUrl', row_now.programme -> 'fillerUrl'
  )
$$;

-- Without user name and password, and without what follows ? or #, of every URL in it.
create function without_secrets(facts jsonb) returns jsonb language sql immutable as $$
  select regexp_replace(
    regexp_replace(facts::text, '://[^/?#"]*@', '://', 'g'),
    '(://[^?#"]*)[?#](\\\\.|[^"\\\\])*', '\\1?...', 'g'
  )::jsonb
$$;

-- The row after the change, and what it had otherwise before.
create function ingest_event_type(row_now ingest, was jsonb, is_now jsonb) returns text language sql immutable as $$
  select case
    when row_now.state = 'ended' and is_now ?| array['State', 'EndReason', 'EndCause'] then 'ended'
    when row_now.state = 'running' and is_now ? 'State' then
      case when was ? 'StartTime' then 'started' else 'restarted' end
    when row_now.state = 'starting' and is_now ? 'State' then 'restarting'
    when (is_now ->> 'RolledOver')::integer > (was ->> 'RolledOver')::integer then 'rolled-over'
    when is_now ?| array['State', 'StopAskedTime'] then 'stopping'
    when row_now.state = 'starting' and is_now ?| array['FailureCode', 'FailureMessage'] then 'start-failed'
    when is_now ? 'ScheduledTime' then 'scheduled'
    when is_now ?| array['Playlist', 'PlaylistRepeatNum', 'OnItemFailure', 'BackupStreamUrl', 'FillerStreamUrl', 'Sequence'] then 'updated'
    when is_now ?| array['ItemIndex', 'Round'] then 'item'
    when is_now ? 'Source' then 'source'
    when is_now - 'Deadline' - 'ExtendableUntil' = '{}' then 'deadline-moved'
    when is_now - 'MediaState' = '{}' then 'media'
    else 'updated'
  end
$$;

create function record_new_ingest() returns trigger language plpgsql as $$
begin
  insert into ingest_event (task_id, sequence, happened_at, type, actor, before, after)
  values (
    new.task_id, 1, clock_timestamp(),
    case when new.starts_at is null then 'created' else 'scheduled' end,
    new.created_by, '{}', without_secrets(jsonb_strip_nulls(ingest_facts(new)))
  );
  return null;
end
$$;

create function record_changed_ingest() returns trigger language plpgsql as $$
declare
  actor jsonb := new.changed_by;
  was jsonb;
  is_now jsonb;
begin
  new.changed_by := null;
  -- Its caller does not see a successor. The ingest itself has an event of the roll-over.
  if new.successor_of is not null then
    return new;
  end if;
  select jsonb_object_agg(key, one.value), jsonb_object_agg(key, other.value) into was, is_now
  from jsonb_each(ingest_facts(old)) as one full join jsonb_each(ingest_facts(new)) as other using (key)
  where coalesce(one.value, 'null') <> coalesce(other.value, 'null');
  if is_now is null then
    return new;
  end if;
  -- The row is locked, so no other statement takes the same number.
  insert into ingest_event (task_id, sequence, happened_at, type, actor, before, after)
  select new.task_id,
         coalesce((select max(sequence) from ingest_event where task_id = new.task_id), 0) + 1,
         clock_timestamp(), ingest_event_type(new, was, is_now), actor,
         without_secrets(was), without_secrets(is_now);
  return new;
end
$$;

create function refuse_changed_event() returns trigger language plpgsql as $$
begin
  raise exception 'ingest_event is append-only: add an event, and change none';
end
$$;

-- After the insert: a row that meets a conflict is not there, and has no event.
create trigger ingest_created after insert on ingest for each row
  when (new.successor_of is null) execute function record_new_ingest();

-- Before the update, so that it can take changed_by out. Claims, leases and fences are no changes.
create trigger ingest_changed before update of
  state, end_reason, end_cause, failure_code, failure_message, trtc_task_id, robot_user_id, starts_at,
  started_at, deadline_at, latest_at, stop_asked_at, paused_at, ended_at, media_state, play, programme,
  on_air, occurrence, sequence, changed_by
  on ingest for each row
  when (new.changed_by is not null or (
    old.state, old.end_reason, old.end_cause, old.failure_code, old.failure_message, old.trtc_task_id,
    old.robot_user_id, old.starts_at, old.started_at, old.deadline_at, old.latest_at, old.stop_asked_at,
    old.paused_at, old.ended_at, old.media_state, old.play, old.programme, old.on_air, old.occurrence,
    old.sequence
  ) is distinct from (
    new.state, new.end_reason, new.end_cause, new.failure_code, new.failure_message, new.trtc_task_id,
    new.robot_user_id, new.starts_at, new.started_at, new.deadline_at, new.latest_at, new.stop_asked_at,
    new.paused_at, new.ended_at, new.media_state, new.play, new.programme, new.on_air, new.occurrence,
    new.sequence
  )) execute function record_changed_ingest();

create trigger ingest_event_changed before update on ingest_event for each statement
  execute function refuse_changed_event();
`;
