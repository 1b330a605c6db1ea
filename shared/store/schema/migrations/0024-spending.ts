/**
 * What was spent, by UTC day, and who was warned. A trigger counts an ingest when it ends, so no
 * statement can forget it, and retention loses nothing.
 */
export const spending = `
create table spend_day (
  caller_id   text not null,
  day         date not null,
  sdk_app_id  bigint not null,
  -- Chosen by the TaskId, so that many ends at once do not wait for one row.
  shard       smallint not null,
  -- Those that ended on this day.
  ingests     bigint not null,
  played_ms   bigint not null,
  micro_usd   bigint not null,
  primary key (caller_id, day, sdk_app_id, shard)
);
create index spend_day_applications on spend_day (sdk_app_id, day);
create index spend_day_days on spend_day (day);

-- Each start within a budget makes its number greater by one. So of two starts that saw the same
-- spending, one begins.
create table budget_turn (
  scope    text primary key,
  version  bigint not null
);

-- Each level of a budget is reported once in its period.
create table budget_notice (
  scope      text not null,
  budget     text not null,
  -- The first day of the period.
  period     date not null,
  -- Percent.
  level      smallint not null,
  noticed_at timestamptz not null,
  primary key (scope, budget, period, level)
);

-- The milliseconds of each UTC day between two instants.
create function ms_by_day(from_at timestamptz, to_at timestamptz) returns table (day date, ms bigint) language sql immutable as $$
  select part::date,
         ms_between(greatest(from_at, part at time zone 'UTC'), least(to_at, (part + interval '1 day') at time zone 'UTC'))
  from generate_series(
    date_trunc('day', from_at at time zone 'UTC'), greatest(from_at, to_at) at time zone 'UTC', interval '1 day'
  ) as part
$$;

-- The present day and month of UTC.
create function budget_period(at timestamptz) returns table (
  day date, month date, day_from timestamptz, day_to timestamptz, month_from timestamptz, month_to timestamptz
) language sql immutable as $$
  select utc.day::date, utc.month::date,
         utc.day at time zone 'UTC', (utc.day + interval '1 day') at time zone 'UTC',
         utc.month at time zone 'UTC', (utc.month + interval '1 month') at time zone 'UTC'
  from (
    select date_trunc('day', at at time zone 'UTC') as day, date_trunc('month', at at time zone 'UTC') as month
  ) as utc
$$;

-- What a time of play costs in the present day and month.
create function cost_in_period(from_at timestamptz, to_at timestamptz, per_minute bigint, at timestamptz) returns table (
  day_cost bigint, day_cost_ms bigint, month_cost bigint
) language sql immutable as $$
  select micro_usd(parts.day_ms, per_minute), parts.day_ms, micro_usd(parts.month_ms, per_minute)
  from (
    select ms_between(greatest(from_at, day_from), least(to_at, day_to)) as day_ms,
           ms_between(greatest(from_at, month_from), least(to_at, month_to)) as month_ms
    from budget_period(at)
  ) as parts
$$;

-- What a caller or an application (the other is null) has spent in the present day and month, and
-- what it will have spent when all that runs has reached its deadline. Ended ingests are counted by
-- day, and live ones from their rows. Ingests of ending count until now. A start that TRTC has not
-- accepted yet has spent nothing, and plans its whole time.
create function spending(owner_caller text, owner_application bigint, ending text[], at timestamptz) returns table (
  day_usd bigint, day_usd_planned bigint, day_ms bigint, day_ms_planned bigint, month_usd bigint, month_usd_planned bigint
) language sql stable as $$
  select past.day_usd + live.day_usd, past.day_usd + live.day_usd_planned,
         past.day_ms + live.day_ms, past.day_ms + live.day_ms_planned,
         past.month_usd + live.month_usd, past.month_usd + live.month_usd_planned
  from (
    select coalesce(sum(spent.micro_usd) filter (where spent.day = period.day), 0)::bigint as day_usd,
           coalesce(sum(spent.played_ms) filter (where spent.day = period.day), 0)::bigint as day_ms,
           coalesce(sum(spent.micro_usd), 0)::bigint as month_usd
    from budget_period(at) as period
    join spend_day as spent on spent.day >= period.month and spent.day <= period.day
    where (owner_caller is null or spent.caller_id = owner_caller)
      and (owner_application is null or spent.sdk_app_id = owner_application)
  ) as past cross join (
    -- A row without a start has no time so far: greatest and least would leave its null out.
    select coalesce(sum(done.day_cost) filter (where ingest.started_at is not null), 0)::bigint as day_usd,
           coalesce(sum(done.day_cost_ms) filter (where ingest.started_at is not null), 0)::bigint as day_ms,
           coalesce(sum(done.month_cost) filter (where ingest.started_at is not null), 0)::bigint as month_usd,
           coalesce(sum(whole.day_cost), 0)::bigint as day_usd_planned,
           coalesce(sum(whole.day_cost_ms), 0)::bigint as day_ms_planned,
           coalesce(sum(whole.month_cost), 0)::bigint as month_usd_planned
    from ingest
    cross join lateral (select micro_usd_per_minute(ingest.prices, ingest.media) as per_minute) as rate
    cross join lateral cost_in_period(ingest.started_at, at, rate.per_minute, at) as done
    cross join lateral cost_in_period(
      coalesce(ingest.started_at, ingest.starts_at, ingest.created_at),
      case when ingest.task_id = any(ending) then at else greatest(at, ingest.due_at) end,
      rate.per_minute, at
    ) as whole
    where (owner_caller is null or ingest.caller_id = owner_caller)
      and (owner_application is null or ingest.sdk_app_id = owner_application)
      and ingest.state <> 'ended' and ingest.successor_of is null
      and (ingest.state <> 'starting' or ingest.advance_at is null or ingest.started_at is not null)
  ) as live
$$;

create function count_spending() returns trigger language plpgsql as $$
begin
  insert into spend_day as counted (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
  select new.caller_id, part.day, new.sdk_app_id, get_byte(decode(md5(new.task_id), 'hex'), 0) % 16,
         case when part.day = (greatest(new.started_at, new.ended_at) at time zone 'UTC')::date then 1 else 0 end,
         part.ms, micro_usd(part.ms, micro_usd_per_minute(new.prices, new.media))
  from ms_by_day(new.started_at, new.ended_at) as part
  order by part.day
  on conflict (caller_id, day, sdk_app_id, shard) do update set
    ingests = counted.ingests + excluded.ingests,
    played_ms = counted.played_ms + excluded.played_ms,
    micro_usd = counted.micro_usd + excluded.micro_usd;
  return null;
end
$$;

-- A successor plays in place of its ingest, which counts the whole time.
create trigger ingest_spent after update of state on ingest for each row
  when (new.state = 'ended' and old.state <> 'ended' and new.started_at is not null and new.successor_of is null)
  execute function count_spending();

-- budget: Enforce stopped it, because a budget was spent.
alter table ingest drop constraint ingest_end_cause_check, add constraint ingest_end_cause_check
  check (end_cause in ('room-dismissed', 'caller', 'event', 'robot-removed', 'start-given-up', 'cut', 'schedule', 'missed', 'budget')) not valid;

alter table outbox drop constraint outbox_type_check,
  add constraint outbox_type_check
  check (type in ('ingest.started', 'ingest.media', 'ingest.ended', 'ingest.scheduled', 'ingest.item', 'ingest.source', 'ingest.restarted', 'schedule.missed', 'schedule.paused', 'budget.warning', 'budget.spent')) not valid;
`;
