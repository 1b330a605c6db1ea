/**
 * Counts of what has happened, for metrics. Triggers count in the statement that makes the change,
 * so a count survives the deletion of its rows, and no scrape reads a million of them.
 */
export const metricCounts = `
-- A count is the sum of its rows. Statements at the same time count on different rows.
create table metric_count (
  name        text not null,
  label       text not null,
  shard       bigint not null,
  value       bigint not null,
  -- What was measured of the counted things, summed up; 0: nothing is measured.
  total_ms    bigint not null,
  -- When the last one was counted.
  counted_at  timestamptz not null,
  primary key (name, label, shard)
) with (fillfactor = 50);

-- Takes a row that no other statement holds, or adds one. So it never waits for a lock, and
-- statements that count several things in any order cannot block each other.
create function count_metric(counted text, labelled text, ms bigint) returns void language plpgsql as $$
begin
  update metric_count
  set value = value + 1, total_ms = total_ms + ms, counted_at = clock_timestamp()
  where (name, label, shard) = (
    select name, label, shard from metric_count
    where name = counted and label = labelled
    limit 1
    for no key update skip locked
  );
  if not found then
    insert into metric_count (name, label, shard, value, total_ms, counted_at)
    values (counted, labelled, (random() * 1e15)::bigint, 1, ms, clock_timestamp());
  end if;
end
$$;

-- The upper bounds of the histogram, in seconds.
create function lateness_bucket(ms bigint) returns text language sql immutable as $$
  select case
    when ms <= 500 then '0.5' when ms <= 1000 then '1' when ms <= 2000 then '2'
    when ms <= 5000 then '5' when ms <= 10000 then '10' when ms <= 30000 then '30'
    when ms <= 60000 then '60' when ms <= 300000 then '300' when ms <= 3600000 then '3600'
    else '+Inf'
  end
$$;

-- A start has one outcome, and an ingest that has started has one end.
create function count_ingest() returns trigger language plpgsql as $$
declare
  late_ms bigint;
begin
  if new.state = 'running' and old.state = 'starting' then
    if old.started_at is null then
      perform count_metric('starts', 'started', 0);
    else
      perform count_metric('restarts', '', 0);
    end if;
  elsif new.state = 'ended' and old.state <> 'ended' then
    if new.started_at is not null then
      perform count_metric('ends', new.end_reason, 0);
      if new.end_reason in ('expired', 'stopped', 'empty') and new.stop_asked_at is not null then
        late_ms := greatest(0, extract(epoch from new.ended_at - least(new.due_at, new.empty_at)) * 1000);
        perform count_metric('stop_lateness', lateness_bucket(late_ms), late_ms);
      end if;
    elsif new.end_cause = 'missed' then
      perform count_metric('starts', 'missed', 0);
    elsif new.end_reason = 'failed' then
      perform count_metric('starts', 'failed', 0);
      perform count_metric('start_failures', coalesce(substr(new.failure_code, 1, 64), ''), 0);
    else
      perform count_metric('starts', 'cancelled', 0);
    end if;
  end if;
  if old.on_air ->> 'source' <> new.on_air ->> 'source' then
    perform count_metric('source_switches', new.on_air ->> 'source', 0);
  end if;
  return null;
end
$$;

create trigger ingest_counted after update of state, on_air on ingest for each row
  when (new.successor_of is null and (
    old.state <> new.state or old.on_air ->> 'source' <> new.on_air ->> 'source'
  )) execute function count_ingest();

create function count_missed_occurrence() returns trigger language plpgsql as $$
begin
  perform count_metric('missed_occurrences', '', 0);
  return null;
end
$$;

create trigger occurrence_missed after update of settled_at on occurrence for each row
  when (new.state = 'Missed' and new.settled_at is not null and old.settled_at is null)
  execute function count_missed_occurrence();
`;
