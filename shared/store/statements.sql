-- Every statement that the store sends, recorded with sample arguments.
-- `npm run sql` writes this file, and a test compares it. Do not edit it by hand.

-- history.list
select * from ingest_event
where task_id = $1 and sequence > $2
order by sequence
limit $3;

-- ingests.beginStart
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     begun as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, lease_until, unsure_until, notified, created_by
       )
       select $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::smallint, $9::text, $10::jsonb, $11::text, $12::text, $13::text, $14::timestamptz, $15::timestamptz, $16::timestamptz, $17::text, $18::integer, $19::jsonb, $20::jsonb, $21::jsonb, $22::jsonb, $23::text, $24::jsonb,
              $25::timestamptz, $26::timestamptz,
              case when $27 then 0 end, $28::jsonb
       from t
       where not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $3::text) as own,
         min(at) filter (where holder = $3::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $3::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $3::text), '{}') as times,
         max(until) filter (where holder = $3::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $3::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $3::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $4 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $29 * interval '1 millisecond'
)
       and not exists (
         select from ingest where sdk_app_id = $6 and robot_user_id = $9 and state = 'ended'
           and unsure_until is not null
       )
       on conflict do nothing
       returning *
     ),
     slot as (
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select $4, 'StartStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from begun, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then greatest(
  after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
  after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + $29 * interval '1 millisecond' then come_at end,
        is_turn,
        case when is_turn and $3::text is not null then ahead.holders || $3::text else ahead.holders end,
        case when is_turn and $3::text is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || $3::text else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select
  slot.recent || array(
    select slot.next_free_at - n * interval '1 millisecond'
    from generate_series(1100, 1, -55) as n
    where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
  slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
  slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
  ) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $3::text) as own,
         min(at) filter (where holder = $3::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $3::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $3::text), '{}') as times,
         max(until) filter (where holder = $3::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $3::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $3::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not false
                         and free_at + (come_at - now) <= now + $29 * interval '1 millisecond'
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $29 * interval '1 millisecond'
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
     select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- ingests.beginStart
select *, caller_id = $1 and client_token is not null and client_token = $2 as token_known
from ingest
where (caller_id = $1 and client_token = $2)
   or (sdk_app_id = $3 and robot_user_id = $4
       and (state <> 'ended' or (state = 'ended' and unsure_until is not null)))
order by token_known desc nulls last
limit 1;

-- ingests.beginStart, with limits
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
  allowed as (select 1 as yes from t where not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2::text) as own,
         min(at) filter (where holder = $2::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2::text), '{}') as times,
         max(until) filter (where holder = $2::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $3 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $4 * interval '1 millisecond'
)
    and not exists (select from ingest where task_id = $5 or (caller_id = $2 and client_token = $6))
    and not exists (
      select from ingest where sdk_app_id = $7 and robot_user_id = $8
        and (state <> 'ended' or (state = 'ended' and unsure_until is not null)))),
  free_place as (
  select * from (
    select n, held.task_id as holder
        from generate_series(1, $9::integer) as n
        left join caller_place as held on held.caller_id = $2 and held.place = n
        left join ingest on ingest.task_id = held.task_id and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null)
        where ingest.task_id is null
    order by n
    limit case when $9::integer is null then 0
               else greatest(0, $9::integer - (select count(*) from ingest where caller_id = $2 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null))) end
  ) as free
  order by random() limit 1),
  place as (
    insert into caller_place as held (caller_id, place, task_id)
    select $2, n, $5 from free_place, allowed
    on conflict (caller_id, place) do update set task_id = excluded.task_id
      where held.task_id is not distinct from (select holder from free_place)
    returning place
  ),
  free_lane as (
  select * from (
    select n, held.taken_at
        from generate_series(1, $10::integer) as n cross join t
        left join caller_lane as held on held.caller_id = $2 and held.lane = n
        where held.taken_at is null or held.taken_at <= t.now - interval '60 seconds'
    order by n
    limit case when $10::integer is null then 0
               else greatest(0, $10::integer - (select count(*) from caller_lane, t where caller_id = $2 and taken_at > t.now - interval '60 seconds')) end
  ) as free
  order by random() limit 1),
  lane as (
    insert into caller_lane as held (caller_id, lane, taken_at)
    select $2, n, t.now from free_lane, allowed, t
    where $9::integer is null or exists (select from place)
    on conflict (caller_id, lane) do update set taken_at = excluded.taken_at
      where held.taken_at is not distinct from (select taken_at from free_lane)
    returning lane
  ),
     begun as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, lease_until, unsure_until, notified, created_by
       )
       select $5::text, $2::text, $3::text, $11::text, $7::bigint, $12::text, $13::smallint, $8::text, $14::jsonb, $6::text, $15::text, $16::text, $17::timestamptz, $18::timestamptz, $19::timestamptz, $20::text, $21::integer, $22::jsonb, $23::jsonb, $24::jsonb, $25::jsonb, $26::text, $27::jsonb,
              $28::timestamptz, $29::timestamptz,
              case when $30 then 0 end, $31::jsonb
       from t
       where not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2::text) as own,
         min(at) filter (where holder = $2::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2::text), '{}') as times,
         max(until) filter (where holder = $2::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $3 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $4 * interval '1 millisecond'
)
  and ($9::integer is null or exists (select from place))
  and ($10::integer is null or exists (select from lane))
       and not exists (
         select from ingest where sdk_app_id = $7 and robot_user_id = $8 and state = 'ended'
           and unsure_until is not null
       )
       on conflict do nothing
       returning *
     ),
     slot as (
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select $3, 'StartStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from begun, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then greatest(
  after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
  after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + $4 * interval '1 millisecond' then come_at end,
        is_turn,
        case when is_turn and $2::text is not null then ahead.holders || $2::text else ahead.holders end,
        case when is_turn and $2::text is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || $2::text else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select
  slot.recent || array(
    select slot.next_free_at - n * interval '1 millisecond'
    from generate_series(1100, 1, -55) as n
    where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
  slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
  slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
  ) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2::text) as own,
         min(at) filter (where holder = $2::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2::text), '{}') as times,
         max(until) filter (where holder = $2::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not false
                         and free_at + (come_at - now) <= now + $4 * interval '1 millisecond'
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $4 * interval '1 millisecond'
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
     select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- ingests.beginStart, with limits
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now)
        select (select count(*)::int from ingest where caller_id = $2 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null)) as live,
               (select count(*)::int from caller_lane, t where caller_id = $2 and taken_at > t.now - interval '60 seconds') as recent,
               (select extract(epoch from 60 * interval '1 second' - (t.now - min(taken_at))) * 1000
                from caller_lane, t where caller_id = $2 and taken_at > t.now - interval '60 seconds' group by t.now) as free_in_ms,
               exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2) as own,
         min(at) filter (where holder = $2) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2), '{}') as times,
         max(until) filter (where holder = $2) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2 is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $3 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $4 * interval '1 millisecond'
) as is_far
        from t;

-- ingests.beginStart, within budgets
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     candidate as (
       select $2::timestamptz as from_at, $3::timestamptz as to_at,
              micro_usd_per_minute($4::jsonb, $5::jsonb) as per_minute),
     fitting as (
       select $6::text as scope,
              coalesce((select version from budget_turn where budget_turn.scope = $6), 0) as version
       from candidate cross join t
       cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
       cross join lateral spending($7::text, $8::bigint, $9::text[], t.now) as spending
       where day_usd_planned + day_cost <= $10::bigint and day_ms_planned + day_cost_ms <= $11::bigint and month_usd_planned + month_cost <= $12::bigint
union all
       select $13::text as scope,
              coalesce((select version from budget_turn where budget_turn.scope = $13), 0) as version
       from candidate cross join t
       cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
       cross join lateral spending($14::text, $15::bigint, $16::text[], t.now) as spending
       where month_usd_planned + month_cost <= $17::bigint),
     turn as (
       insert into budget_turn as held (scope, version)
       select scope, version + 1 from fitting cross join t
       where (select count(*) from fitting) = 2 and not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $18::text) as own,
         min(at) filter (where holder = $18::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $18::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $18::text), '{}') as times,
         max(until) filter (where holder = $18::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $18::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $18::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $19 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $20 * interval '1 millisecond'
)
    and not exists (select from ingest where task_id = $21 or (caller_id = $18 and client_token = $22))
    and not exists (
      select from ingest where sdk_app_id = $23 and robot_user_id = $24
        and (state <> 'ended' or (state = 'ended' and unsure_until is not null)))
       order by scope
       on conflict (scope) do update set version = excluded.version
         where held.version = excluded.version - 1
       returning scope
     ),
  allowed as (select 1 as yes from t where not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $18::text) as own,
         min(at) filter (where holder = $18::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $18::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $18::text), '{}') as times,
         max(until) filter (where holder = $18::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $18::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $18::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $19 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $20 * interval '1 millisecond'
)
    and not exists (select from ingest where task_id = $21 or (caller_id = $18 and client_token = $22))
    and not exists (
      select from ingest where sdk_app_id = $23 and robot_user_id = $24
        and (state <> 'ended' or (state = 'ended' and unsure_until is not null))) and (select count(*) from turn) = 2),
  free_place as (
  select * from (
    select n, held.task_id as holder
        from generate_series(1, $25::integer) as n
        left join caller_place as held on held.caller_id = $18 and held.place = n
        left join ingest on ingest.task_id = held.task_id and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null)
        where ingest.task_id is null
    order by n
    limit case when $25::integer is null then 0
               else greatest(0, $25::integer - (select count(*) from ingest where caller_id = $18 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null))) end
  ) as free
  order by random() limit 1),
  place as (
    insert into caller_place as held (caller_id, place, task_id)
    select $18, n, $21 from free_place, allowed
    on conflict (caller_id, place) do update set task_id = excluded.task_id
      where held.task_id is not distinct from (select holder from free_place)
    returning place
  ),
  free_lane as (
  select * from (
    select n, held.taken_at
        from generate_series(1, $26::integer) as n cross join t
        left join caller_lane as held on held.caller_id = $18 and held.lane = n
        where held.taken_at is null or held.taken_at <= t.now - interval '60 seconds'
    order by n
    limit case when $26::integer is null then 0
               else greatest(0, $26::integer - (select count(*) from caller_lane, t where caller_id = $18 and taken_at > t.now - interval '60 seconds')) end
  ) as free
  order by random() limit 1),
  lane as (
    insert into caller_lane as held (caller_id, lane, taken_at)
    select $18, n, t.now from free_lane, allowed, t
    where $25::integer is null or exists (select from place)
    on conflict (caller_id, lane) do update set taken_at = excluded.taken_at
      where held.taken_at is not distinct from (select taken_at from free_lane)
    returning lane
  ),
     begun as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, lease_until, unsure_until, notified, created_by
       )
       select $21::text, $18::text, $19::text, $27::text, $23::bigint, $28::text, $29::smallint, $24::text, $30::jsonb, $22::text, $31::text, $32::text, $33::timestamptz, $34::timestamptz, $35::timestamptz, $36::text, $37::integer, $38::jsonb, $39::jsonb, $40::jsonb, $41::jsonb, $42::text, $43::jsonb,
              $44::timestamptz, $45::timestamptz,
              case when $46 then 0 end, $47::jsonb
       from t
       where not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $18::text) as own,
         min(at) filter (where holder = $18::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $18::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $18::text), '{}') as times,
         max(until) filter (where holder = $18::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $18::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $18::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $19 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $20 * interval '1 millisecond'
)
  and ($25::integer is null or exists (select from place))
  and ($26::integer is null or exists (select from lane)) and (select count(*) from turn) = 2
       and not exists (
         select from ingest where sdk_app_id = $23 and robot_user_id = $24 and state = 'ended'
           and unsure_until is not null
       )
       on conflict do nothing
       returning *
     ),
     slot as (
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select $19, 'StartStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from begun, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then greatest(
  after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
  after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + $20 * interval '1 millisecond' then come_at end,
        is_turn,
        case when is_turn and $18::text is not null then ahead.holders || $18::text else ahead.holders end,
        case when is_turn and $18::text is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || $18::text else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select
  slot.recent || array(
    select slot.next_free_at - n * interval '1 millisecond'
    from generate_series(1100, 1, -55) as n
    where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
  slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
  slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
  ) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $18::text) as own,
         min(at) filter (where holder = $18::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $18::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $18::text), '{}') as times,
         max(until) filter (where holder = $18::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $18::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $18::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not false
                         and free_at + (come_at - now) <= now + $20 * interval '1 millisecond'
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $20 * interval '1 millisecond'
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
     select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- ingests.beginStart, within budgets
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
candidate as (
  select $2::timestamptz as from_at, $3::timestamptz as to_at,
         micro_usd_per_minute($4::jsonb, $5::jsonb) as per_minute)
select spending.*, cost.*, period.day_to, period.month_to
from candidate cross join t cross join budget_period(t.now) as period
cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
cross join lateral spending($6::text, $7::bigint, $8::text[], t.now) as spending;

-- ingests.beginStart, scheduled
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     changed as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, starts_at, start_by, asked, advance_at, advance_lease_until, notified, created_by
       )
       select $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::smallint, $9::text, $10::jsonb, $11::text, $12::text, $13::text, $14::timestamptz, $15::timestamptz, $16::timestamptz, $17::text, $18::integer, $19::jsonb, $20::jsonb, $21::jsonb, $22::jsonb, $23::text, $24::jsonb,
              $25::timestamptz, $26::timestamptz,
              $27::jsonb, $25::timestamptz,
              $28::timestamptz, case when $29 then 1 end,
              $30::jsonb
       from t
       where not exists (
         select from ingest where sdk_app_id = $6 and robot_user_id = $9 and state = 'ended'
           and unsure_until is not null
       )
       on conflict do nothing
       returning *
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select task_id, notified, caller_id, 'ingest.scheduled', created_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(created_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), created_at + interval '1 day'
       from changed
       where notified is not null)
     select * from changed;

-- ingests.beginStart, scheduled with a limit
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
  allowed as (select 1 as yes from t where not exists (select from ingest where task_id = $2 or (caller_id = $3 and client_token = $4))
    and not exists (
      select from ingest where sdk_app_id = $5 and robot_user_id = $6
        and (state <> 'ended' or (state = 'ended' and unsure_until is not null)))),
  free_place as (
  select * from (
    select n, held.task_id as holder
        from generate_series(1, null::integer) as n
        left join caller_place as held on held.caller_id = $3 and held.place = n
        left join ingest on ingest.task_id = held.task_id and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null)
        where ingest.task_id is null
    order by n
    limit case when null::integer is null then 0
               else greatest(0, null::integer - (select count(*) from ingest where caller_id = $3 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null))) end
  ) as free
  order by random() limit 1),
  place as (
    insert into caller_place as held (caller_id, place, task_id)
    select $3, n, $2 from free_place, allowed
    on conflict (caller_id, place) do update set task_id = excluded.task_id
      where held.task_id is not distinct from (select holder from free_place)
    returning place
  ),
  free_lane as (
  select * from (
    select n, held.taken_at
        from generate_series(1, $7::integer) as n cross join t
        left join caller_lane as held on held.caller_id = $3 and held.lane = n
        where held.taken_at is null or held.taken_at <= t.now - interval '60 seconds'
    order by n
    limit case when $7::integer is null then 0
               else greatest(0, $7::integer - (select count(*) from caller_lane, t where caller_id = $3 and taken_at > t.now - interval '60 seconds')) end
  ) as free
  order by random() limit 1),
  lane as (
    insert into caller_lane as held (caller_id, lane, taken_at)
    select $3, n, t.now from free_lane, allowed, t
    where null::integer is null or exists (select from place)
    on conflict (caller_id, lane) do update set taken_at = excluded.taken_at
      where held.taken_at is not distinct from (select taken_at from free_lane)
    returning lane
  ),
     changed as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, starts_at, start_by, asked, advance_at, advance_lease_until, notified, created_by
       )
       select $2::text, $3::text, $8::text, $9::text, $5::bigint, $10::text, $11::smallint, $6::text, $12::jsonb, $4::text, $13::text, $14::text, $15::timestamptz, $16::timestamptz, $17::timestamptz, $18::text, $19::integer, $20::jsonb, $21::jsonb, $22::jsonb, $23::jsonb, $24::text, $25::jsonb,
              $26::timestamptz, $27::timestamptz,
              $28::jsonb, $26::timestamptz,
              $29::timestamptz, case when $30 then 1 end,
              $31::jsonb
       from t
       where not exists (
         select from ingest where sdk_app_id = $5 and robot_user_id = $6 and state = 'ended'
           and unsure_until is not null
       )
  and (null::integer is null or exists (select from place))
  and ($7::integer is null or exists (select from lane))
       on conflict do nothing
       returning *
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select task_id, notified, caller_id, 'ingest.scheduled', created_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(created_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), created_at + interval '1 day'
       from changed
       where notified is not null)
     select * from changed;

-- ingests.markRunning
with
  reported as (
    select * from unclaimed_task
    where trtc_task_id = $1
      and sdk_app_id = (select sdk_app_id from ingest where task_id = $2)
  ),
     before_change as (
       select task_id, case when true then 1 else 0 end as news, case when exists (select from reported where media_state is not null) then 1 else 0 end as next_news
       from ingest where task_id = $2 and fence = $3 and state = 'starting'
     ),
     changed as (
       update ingest set state = 'running', trtc_task_id = $1, started_at = coalesce(started_at, $4),
            deadline_at = $5, latest_at = $6,
            lease_until = null, unsure_until = case when settled_at is not null then unsure_until end,
            failure_code = null, failure_message = null,
            heard_at = case when not exists (select from reported where ended_at is not null)
                            then greatest($4::timestamptz, (select last_seen_at from reported)) end,
            empty_at = $4::timestamptz + empty_seconds * interval '1 second',
            media_state = coalesce((select media_state from reported), $7),
            media_at = case when exists (select from reported where media_state is not null)
                            then (select media_at from reported)
                            when $7::text is not null then $4::timestamptz end,
            media_failures = coalesce((select media_failures from reported), '{}'),
            failures_after = (select failures_after from reported), notified = notified + case when true then 1 else 0 end + case when exists (select from reported where media_state is not null) then 1 else 0 end, changed_by = $8::jsonb
       where task_id = $2 and fence = $3 and state = 'starting'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.started', $4::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, on_air, case when (on_air ->> 'index')::int < 0 then programme -> 'leaving'
        else programme -> 'items' -> (on_air ->> 'index')::int end ->> 'Title' as item_title) as fact),
         greatest($4::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $4::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
union all
  select task_id, notified, caller_id, 'ingest.media', media_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, media_state, media_at) as fact),
         greatest(media_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), media_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and next_news > 0
       on conflict (task_id, position) do nothing
     ),
  claimed as (
    delete from unclaimed_task using reported
    where unclaimed_task.sdk_app_id = reported.sdk_app_id
      and unclaimed_task.trtc_task_id = reported.trtc_task_id
      and exists (select from changed)
  )
     select * from changed;

-- ingests.markRunning, a programme that restarts
with
  reported as (
    select * from unclaimed_task
    where trtc_task_id = $1
      and sdk_app_id = (select sdk_app_id from ingest where task_id = $2)
  ),
     before_change as (
       select task_id, case when true then 1 else 0 end as news, case when exists (select from reported where media_state is not null) then 1 else 0 end as next_news
       from ingest where task_id = $2 and fence = $3 and state = 'starting'
     ),
     changed as (
       update ingest set state = 'running', trtc_task_id = $1, started_at = coalesce(started_at, $4),
            deadline_at = $5, latest_at = $6,
            lease_until = null, unsure_until = case when settled_at is not null then unsure_until end,
            failure_code = null, failure_message = null,
            heard_at = case when not exists (select from reported where ended_at is not null)
                            then greatest($4::timestamptz, (select last_seen_at from reported)) end,
            empty_at = $4::timestamptz + empty_seconds * interval '1 second',
            media_state = coalesce((select media_state from reported), $7),
            media_at = case when exists (select from reported where media_state is not null)
                            then (select media_at from reported)
                            when $7::text is not null then $4::timestamptz end,
            media_failures = coalesce((select media_failures from reported), '{}'),
            failures_after = (select failures_after from reported),
            programme = $8::jsonb, on_air = $9::jsonb,
            step_at = $10, step_lease_until = null, step_fence = step_fence + 1,
            play = play || $11::jsonb, notified = notified + case when true then 1 else 0 end + case when exists (select from reported where media_state is not null) then 1 else 0 end, changed_by = $12::jsonb
       where task_id = $2 and fence = $3 and state = 'starting'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.restarted', $4::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, on_air, case when (on_air ->> 'index')::int < 0 then programme -> 'leaving'
        else programme -> 'items' -> (on_air ->> 'index')::int end ->> 'Title' as item_title) as fact),
         greatest($4::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $4::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
union all
  select task_id, notified, caller_id, 'ingest.media', media_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, media_state, media_at) as fact),
         greatest(media_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), media_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and next_news > 0
       on conflict (task_id, position) do nothing
     ),
  claimed as (
    delete from unclaimed_task using reported
    where unclaimed_task.sdk_app_id = reported.sdk_app_id
      and unclaimed_task.trtc_task_id = reported.trtc_task_id
      and exists (select from changed)
  )
     select * from changed;

-- ingests.markFailed
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and fence = $2 and state = 'starting'
     ),
     changed as (
       update ingest set state = 'ended', end_reason = 'failed', failure_code = $3,
            failure_message = $4, start_refusal = $5,
            ended_at = $6, lease_until = null,
            unsure_until = case when settled_at is not null then unsure_until end,
            client_token = case when $7 then null else client_token end,
            end_cause = coalesce($8, end_cause), notified = notified + case when true then 1 else 0 end + 0, changed_by = $9::jsonb
       where task_id = $1 and fence = $2 and state = 'starting'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- ingests.beginStop
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
   asked as (
     update ingest
     set state = 'stopping', end_reason = coalesce(end_reason, $2),
         end_cause = case when end_reason is not null then end_cause
                          when stop_asked_at is not null then coalesce(end_cause, $3)
                          else coalesce($3, end_cause) end,
         stop_asked_at = coalesce(stop_asked_at, $4::timestamptz),
         lease_until = $5::timestamptz, fence = fence + 1, changed_by = $6::jsonb
     where task_id = $7
       and (state = 'running'
            or (state = 'stopping' and coalesce(lease_until, $4) <= $4))
     returning *
   ),
   slot as (
insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
select asked.account, 'StopStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from asked, t
on conflict (account, action) do update
  set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
    select
      case when is_turn then greatest(
after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
      case when is_turn then after.recent else slot.recent end,
      case when is_turn then free_at
           when free_at + (come_at - now) <= now + $8 * interval '1 millisecond' then come_at end,
      is_turn,
      case when is_turn and (select caller_id from asked) is not null then ahead.holders || (select caller_id from asked) else ahead.holders end,
      case when is_turn and (select caller_id from asked) is not null then ahead.times || free_at else ahead.times end,
      case when queue_until > now then queue.holders || (select caller_id from asked) else queue.holders end,
      case when queue_until > now then queue.times || queue_until else queue.times end
    from (select
slot.recent || array(
  select slot.next_free_at - n * interval '1 millisecond'
  from generate_series(1100, 1, -55) as n
  where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
cross join lateral (
select coalesce(array_agg(holder order by at), '{}') as holders,
       coalesce(array_agg(at order by at), '{}') as times,
       count(*) filter (where holder = (select caller_id from asked)) as own,
       min(at) filter (where holder = (select caller_id from asked)) as own_first,
       array_agg(holder) as waiting
from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
where at > before.now) as ahead
cross join lateral (
select coalesce(array_agg(holder order by holder) filter (where holder is distinct from (select caller_id from asked)), '{}') as holders,
       coalesce(array_agg(until order by holder) filter (where holder is distinct from (select caller_id from asked)), '{}') as times,
       max(until) filter (where holder = (select caller_id from asked)) as own,
       array_agg(holder) as waiting
from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
where until > before.now) as queue
cross join lateral (
  select count(distinct holder) filter (where holder is distinct from (select caller_id from asked)) + 1 as callers
  from unnest(ahead.waiting || queue.waiting) as holder
) as waiting
cross join lateral (
  select (select caller_id from asked) is null or free_at <= now + 100 * interval '1 millisecond'
         or ahead.own < ceil(10.0 / callers) as is_turn,
         greatest(
           coalesce(case when not false then queue.own end, now)
             + callers * 55 * interval '1 millisecond',
           ahead.own_first
         ) as come_at
) as decided
    cross join lateral (
      select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
    ) as after
    cross join lateral (
      select case when not is_turn and not false
                       and free_at + (come_at - now) <= now + $8 * interval '1 millisecond'
                  then come_at else queue.own end as queue_until
    ) as queued
  )
  where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $8 * interval '1 millisecond'
returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
          extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
   select asked.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from asked left join slot on true;

-- ingests.beginDueStop
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
   asked as (
     update ingest
     set state = 'stopping',
         end_reason = coalesce(
           end_reason,
           case when stop_asked_at is not null then 'stopped'
                when empty_at < deadline_at then 'empty' else 'expired' end
         ),
         stop_asked_at = coalesce(stop_asked_at, $2::timestamptz),
         lease_until = $3::timestamptz,
         fence = fence + 1, changed_by = $4::jsonb
     where task_id = $5 and fence = $6 and state in ('running', 'stopping')
       and (due_at <= $2 or (empty_at <= $2 and not exists (
select from (
select viewer.*, closed.event_at as closed_at
from room_audience as viewer
left join room_audience as closed
  on closed.sdk_app_id = viewer.sdk_app_id and closed.room_id = viewer.room_id
     and closed.user_id = ''
     and (ingest.room_id_type = 1 or ingest.room_id !~ '^[0-9]+$')
where viewer.sdk_app_id = ingest.sdk_app_id and viewer.room_id = ingest.room_id
  and not exists (
    select from ingest as robot
    where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
      and robot.room_id = viewer.room_id and robot.state <> 'ended')
  and not exists (
    select from ingest as robot
    where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
      and robot.room_id = viewer.room_id and robot.state = 'ended' and robot.ended_at >= viewer.event_at - interval '1 minute'
  )) as seen
where seen.is_present and seen.event_at >= coalesce(seen.closed_at, '-infinity'))))
     returning *
   ),
   slot as (
insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
select asked.account, 'StopStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from asked, t
on conflict (account, action) do update
  set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
    select
      case when is_turn then greatest(
after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
      case when is_turn then after.recent else slot.recent end,
      case when is_turn then free_at
           when free_at + (come_at - now) <= now + $7 * interval '1 millisecond' then come_at end,
      is_turn,
      case when is_turn and (select caller_id from asked) is not null then ahead.holders || (select caller_id from asked) else ahead.holders end,
      case when is_turn and (select caller_id from asked) is not null then ahead.times || free_at else ahead.times end,
      case when queue_until > now then queue.holders || (select caller_id from asked) else queue.holders end,
      case when queue_until > now then queue.times || queue_until else queue.times end
    from (select
slot.recent || array(
  select slot.next_free_at - n * interval '1 millisecond'
  from generate_series(1100, 1, -55) as n
  where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
cross join lateral (
select coalesce(array_agg(holder order by at), '{}') as holders,
       coalesce(array_agg(at order by at), '{}') as times,
       count(*) filter (where holder = (select caller_id from asked)) as own,
       min(at) filter (where holder = (select caller_id from asked)) as own_first,
       array_agg(holder) as waiting
from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
where at > before.now) as ahead
cross join lateral (
select coalesce(array_agg(holder order by holder) filter (where holder is distinct from (select caller_id from asked)), '{}') as holders,
       coalesce(array_agg(until order by holder) filter (where holder is distinct from (select caller_id from asked)), '{}') as times,
       max(until) filter (where holder = (select caller_id from asked)) as own,
       array_agg(holder) as waiting
from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
where until > before.now) as queue
cross join lateral (
  select count(distinct holder) filter (where holder is distinct from (select caller_id from asked)) + 1 as callers
  from unnest(ahead.waiting || queue.waiting) as holder
) as waiting
cross join lateral (
  select (select caller_id from asked) is null or free_at <= now + 100 * interval '1 millisecond'
         or ahead.own < ceil(10.0 / callers) as is_turn,
         greatest(
           coalesce(case when not false then queue.own end, now)
             + callers * 55 * interval '1 millisecond',
           ahead.own_first
         ) as come_at
) as decided
    cross join lateral (
      select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
    ) as after
    cross join lateral (
      select case when not is_turn and not false
                       and free_at + (come_at - now) <= now + $7 * interval '1 millisecond'
                  then come_at else queue.own end as queue_until
    ) as queued
  )
  where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $7 * interval '1 millisecond'
returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
          extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
   select asked.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from asked left join slot on true;

-- ingests.askStop
update ingest set stop_asked_at = coalesce(stop_asked_at, $1),
                  end_cause = coalesce(end_cause, $2), changed_by = $3::jsonb
where task_id = $4 and state = 'starting' and advance_at is null
returning *;

-- ingests.markEnded
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and fence = $2 and state <> 'ended'
     ),
     changed as (
       update ingest set state = 'ended', ended_at = $3, lease_until = null,
            end_reason = case when $4::text not in ('finished', 'lost') then $4
                              when coalesce((
  select count(*)::int
  from unnest(ingest.media_failures) as first, unnest(ingest.media_failures) as next
  where next between first and first + interval '1 minute'
  group by first
  order by count(*) desc
  limit 1), 0) >= 3 then 'failed'
                              when (site = 'cn' and paused_at <= $3::timestamptz - interval '719 minutes') then 'stopped'
                              when end_cause = 'robot-removed' then 'stopped'
                              when $4 = 'lost' and end_cause = 'room-dismissed' then 'stopped'
                              else $4 end, notified = notified + case when true then 1 else 0 end + 0, changed_by = $5::jsonb
       where task_id = $1 and fence = $2 and state <> 'ended'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- ingests.release
update ingest set lease_until = $1
where task_id = $2 and fence = $3 and state <> 'ended';

-- ingests.claimDue
with recursive
in_hand as (
  select account, caller_id, count(*)::int as count from ingest
  where lease_until > $1
    and ((least(due_at, empty_at) <= $2 and (state = 'running' or (state = 'stopping' and end_reason in ('expired', 'empty')))) or false)
  group by account, caller_id
),
accounts as (
  select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
),
   caller as (
     (select account, caller_id, least(due_at, empty_at) as first_at from ingest
      where state in ('running', 'stopping') order by account, caller_id, least(due_at, empty_at) limit 1)
     union all
     select next.*
     from caller cross join lateral (
       select account, caller_id, least(due_at, empty_at) as first_at from ingest
       where state in ('running', 'stopping') and (account, caller_id) > (caller.account, caller.caller_id)
       order by account, caller_id, least(due_at, empty_at) limit 1
     ) as next
   ),
   -- A row behind so many of its own caller's rows is never among the next ones. The rows are
   -- compared with the whole key of the index by caller, and the planner does not see the limit.
   -- Otherwise it may read all due rows once for each caller.
   due as (
     select first.* from caller cross join lateral (
       select task_id, account, caller_id, least(due_at, empty_at) as due_at from ingest
       where state in ('running', 'stopping') and coalesce(lease_until <= $1, true)
         and (account, caller_id, least(due_at, empty_at)) >= (caller.account, caller.caller_id, '-infinity')
         and (account, caller_id, least(due_at, empty_at)) <= (caller.account, caller.caller_id, $2)
       order by account, caller_id, least(due_at, empty_at) limit (select $3::integer)
     ) as first
     where caller.first_at <= $2
   ),
   callers as (
     select account, count(*) as callers
     from (select account, caller_id from due union select account, caller_id from in_hand) as each
     group by account
   ),
   turns as (
     select due.*, coalesce(in_hand.count, 0) + row_number() over (
              partition by account, caller_id order by due.due_at
            ) as turn
     from due left join in_hand using (account, caller_id)
   ),
   placed as (
     select turns.*, callers.callers, coalesce(accounts.count, 0) as held,
            row_number() over (partition by account order by turn, due_at) as place,
            row_number() over (partition by account order by due_at) as place_by_time
     from turns join callers using (account) left join accounts using (account)
   ),
   next as (
     select placed.task_id, placed.place, placed.due_at as falls_due, earlier.due_at as stands_for
     from placed join placed as earlier
       on earlier.account = placed.account and earlier.place_by_time = placed.place
     where placed.held + placed.place <= $3
        or placed.turn <= ceil($3::numeric / placed.callers)
   ),
   claimed as (
     update ingest
     set lease_until = $4, fence = fence + 1
     where task_id in (
       select ingest.task_id from ingest join next using (task_id)
       where state in ('running', 'stopping') and coalesce(lease_until <= $1, true) and least(due_at, empty_at) <= $2
         and ingest.task_id = any (array(select task_id from next))
       order by next.stands_for, next.place, next.falls_due
       limit $5
       for update of ingest skip locked
     )
     returning *
   )
   select * from claimed order by least(due_at, empty_at);

-- ingests.nextClaimAt
with
in_hand as (
  select account, caller_id, count(*)::int as count from ingest
  where lease_until > $1
    and ((least(due_at, empty_at) <= $2 and (state = 'running' or (state = 'stopping' and end_reason in ('expired', 'empty')))) or false)
  group by account, caller_id
),
accounts as (
  select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
)
   select min(greatest(
            least(due_at, empty_at) - $3 * interval '1 millisecond',
            lease_until,
            case when accounts.count >= $4
                  and in_hand.count >= ceil($4::numeric / accounts.callers)
                 then $5::timestamptz end
          )) as next_at
   from ingest
   left join in_hand using (account, caller_id) left join accounts using (account)
   where least(due_at, empty_at) <= $2 and (state in ('running', 'stopping') or (state = 'starting' and (lease_until > $1
            or (advance_at is not null
                and start_by > $1::timestamptz - $6 * interval '1 millisecond'))));

-- ingests.forgetEnded
with old as (
  select task_id from ingest
  where state = 'ended' and unsure_until is null and ended_at < $1
    and not exists (
      select from occurrence
      where occurrence.task_id = ingest.task_id and occurrence.settled_at is null
    )
  order by ended_at
  limit $2
  for update skip locked
),
forgotten_events as (delete from ingest_event using old where ingest_event.task_id = old.task_id),
forgotten as (
  delete from ingest using old where ingest.task_id = old.task_id returning ingest.task_id
)
select count(*)::integer as count from forgotten;

-- ingests.claimUnfinished
with claimed as (
    update ingest set
lease_until = $1, fence = fence + 1, settled_at = coalesce(settled_at, $2),
unsure_until = greatest(unsure_until, $3::timestamptz)
    where task_id in (
      select task_id from ingest
      where state = 'starting' and advance_at is null and lease_until <= $2
      order by lease_until
      limit $4
      for update skip locked
    )
    returning *) select * from claimed order by task_id;

-- ingests.claimStart
update ingest set
lease_until = $1, fence = fence + 1, settled_at = coalesce(settled_at, $2),
unsure_until = greatest(unsure_until, $3::timestamptz)
   where task_id = $4 and state = 'starting' and advance_at is null
     and lease_until <= $2
   returning *;

-- ingests.claimGone
update ingest set lease_until = $1, fence = fence + 1
where task_id = $2 and fence = $3 and state in ('running', 'stopping')
  and coalesce(lease_until <= $4, true)
returning *;

-- ingests.claimLateStarts
with claimed as (
update ingest set lease_until = $1, fence = fence + 1
where task_id in (
  select task_id from ingest
  where state = 'ended' and unsure_until <= $2
    and (lease_until is null or lease_until <= $2)
  order by unsure_until
  limit $3
  for update skip locked
)
returning *) select * from claimed order by task_id;

-- ingests.clearLateStart
update ingest set unsure_until = null, lease_until = null
where task_id = $1 and fence = $2 and state = 'ended';

-- ingests.beginFailedSourceStops
with claimed as (
    update ingest
    set state = 'stopping', end_reason = 'failed',
        stop_asked_at = coalesce(stop_asked_at, $1),
        lease_until = $2, fence = fence + 1, changed_by = $3::jsonb
    where task_id in (
      select task_id from ingest
      where state = 'running' and programme is null and cardinality(media_failures) >= 3
        and heard_at <= $4
        and media_state <> 'playing' and coalesce((
select count(*)::int
from unnest(ingest.media_failures) as first, unnest(ingest.media_failures) as next
where next between first and first + interval '1 minute'
group by first
order by count(*) desc
limit 1), 0) >= 3
      order by heard_at
      limit $5
      for update skip locked
    )
    returning *) select * from claimed order by task_id;

-- ingests.claimStaleTasks
with claimed as (
update ingest set heard_at = $1
where task_id in (
  select task_id from ingest
  where state = 'running' and (heard_at is null or heard_at <= $2)
  order by heard_at nulls first
  limit $3
  for update skip locked
)
returning *) select * from claimed order by task_id;

-- scheduled.claimDue
with recursive
in_hand as (
  select account, caller_id, count(*)::int as count from ingest
  where advance_lease_until > $1
    and ((advance_at <= $2 and advance_at is not null) or (advance_at is null and state = 'starting' and lease_until > $1))
  group by account, caller_id
),
accounts as (
  select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
),
   caller as (
     (select account, caller_id, advance_at as first_at from ingest
      where advance_at is not null order by account, caller_id, advance_at limit 1)
     union all
     select next.*
     from caller cross join lateral (
       select account, caller_id, advance_at as first_at from ingest
       where advance_at is not null and (account, caller_id) > (caller.account, caller.caller_id)
       order by account, caller_id, advance_at limit 1
     ) as next
   ),
   -- A row behind so many of its own caller's rows is never among the next ones. The rows are
   -- compared with the whole key of the index by caller, and the planner does not see the limit.
   -- Otherwise it may read all due rows once for each caller.
   due as (
     select first.* from caller cross join lateral (
       select task_id, account, caller_id, advance_at as due_at from ingest
       where advance_at is not null and coalesce(advance_lease_until <= $1, true)
         and (account, caller_id, advance_at) >= (caller.account, caller.caller_id, '-infinity')
         and (account, caller_id, advance_at) <= (caller.account, caller.caller_id, $2)
       order by account, caller_id, advance_at limit (select $3::integer)
     ) as first
     where caller.first_at <= $2
   ),
   callers as (
     select account, count(*) as callers
     from (select account, caller_id from due union select account, caller_id from in_hand) as each
     group by account
   ),
   turns as (
     select due.*, coalesce(in_hand.count, 0) + row_number() over (
              partition by account, caller_id order by due.due_at
            ) as turn
     from due left join in_hand using (account, caller_id)
   ),
   placed as (
     select turns.*, callers.callers, coalesce(accounts.count, 0) as held,
            row_number() over (partition by account order by turn, due_at) as place,
            row_number() over (partition by account order by due_at) as place_by_time
     from turns join callers using (account) left join accounts using (account)
   ),
   next as (
     select placed.task_id, placed.place, placed.due_at as falls_due, earlier.due_at as stands_for
     from placed join placed as earlier
       on earlier.account = placed.account and earlier.place_by_time = placed.place
     where placed.held + placed.place <= $3
        or placed.turn <= ceil($3::numeric / placed.callers)
   ),
   claimed as (
     update ingest
     set advance_lease_until = $4, advance_fence = advance_fence + 1
     where task_id in (
       select ingest.task_id from ingest join next using (task_id)
       where advance_at is not null and coalesce(advance_lease_until <= $1, true) and advance_at <= $2
         and ingest.task_id = any (array(select task_id from next))
       order by next.stands_for, next.place, next.falls_due
       limit $5
       for update of ingest skip locked
     )
     returning *
   )
   select * from claimed order by advance_at;

-- scheduled.nextClaimAt
with
in_hand as (
  select account, caller_id, count(*)::int as count from ingest
  where advance_lease_until > $1
    and ((advance_at <= $2 and advance_at is not null) or (advance_at is null and state = 'starting' and lease_until > $1))
  group by account, caller_id
),
accounts as (
  select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
)
   select min(greatest(
            advance_at - $3 * interval '1 millisecond',
            advance_lease_until,
            case when accounts.count >= $4
                  and in_hand.count >= ceil($4::numeric / accounts.callers)
                 then $5::timestamptz end
          )) as next_at
   from ingest
   left join in_hand using (account, caller_id) left join accounts using (account)
   where advance_at <= $2 and (advance_at is not null or false);

-- scheduled.begin
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     begun as (
       update ingest
       set advance_at = null, lease_until = $2,
           fence = case when failure_code is null then fence else fence + 1 end,
           unsure_until = greatest(unsure_until, $3::timestamptz)
       from t
       where
  task_id = $4 and advance_fence = $5 and state = 'starting' and advance_at <= $6 and not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $7::text) as own,
         min(at) filter (where holder = $7::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $7::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $7::text), '{}') as times,
         max(until) filter (where holder = $7::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $7::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $7::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $8 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $9 * interval '1 millisecond'
)
       returning ingest.*
     ),
     slot as (
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select $8, 'StartStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from begun, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then greatest(
  after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
  after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + $9 * interval '1 millisecond' then come_at end,
        is_turn,
        case when is_turn and $7::text is not null then ahead.holders || $7::text else ahead.holders end,
        case when is_turn and $7::text is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || $7::text else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select
  slot.recent || array(
    select slot.next_free_at - n * interval '1 millisecond'
    from generate_series(1100, 1, -55) as n
    where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
  slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
  slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
  ) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $7::text) as own,
         min(at) filter (where holder = $7::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $7::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $7::text), '{}') as times,
         max(until) filter (where holder = $7::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $7::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $7::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not false
                         and free_at + (come_at - now) <= now + $9 * interval '1 millisecond'
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $9 * interval '1 millisecond'
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
     select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- scheduled.begin
select task_id from ingest where
task_id = $1 and advance_fence = $2 and state = 'starting' and advance_at <= $3;

-- scheduled.begin, with limits
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
  allowed as (select 1 as yes from t where not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2::text) as own,
         min(at) filter (where holder = $2::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2::text), '{}') as times,
         max(until) filter (where holder = $2::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $3 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $4 * interval '1 millisecond'
) and exists (select from ingest where
  task_id = $5 and advance_fence = $6 and state = 'starting' and advance_at <= $7)),
  free_place as (
  select * from (
    select n, held.task_id as holder
        from generate_series(1, $8::integer) as n
        left join caller_place as held on held.caller_id = $2 and held.place = n
        left join ingest on ingest.task_id = held.task_id and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null)
        where ingest.task_id is null
    order by n
    limit case when $8::integer is null then 0
               else greatest(0, $8::integer - (select count(*) from ingest where caller_id = $2 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null))) end
  ) as free
  order by random() limit 1),
  place as (
    insert into caller_place as held (caller_id, place, task_id)
    select $2, n, $5 from free_place, allowed
    on conflict (caller_id, place) do update set task_id = excluded.task_id
      where held.task_id is not distinct from (select holder from free_place)
    returning place
  ),
  free_lane as (
  select * from (
    select n, held.taken_at
        from generate_series(1, null::integer) as n cross join t
        left join caller_lane as held on held.caller_id = $2 and held.lane = n
        where held.taken_at is null or held.taken_at <= t.now - interval '60 seconds'
    order by n
    limit case when null::integer is null then 0
               else greatest(0, null::integer - (select count(*) from caller_lane, t where caller_id = $2 and taken_at > t.now - interval '60 seconds')) end
  ) as free
  order by random() limit 1),
  lane as (
    insert into caller_lane as held (caller_id, lane, taken_at)
    select $2, n, t.now from free_lane, allowed, t
    where $8::integer is null or exists (select from place)
    on conflict (caller_id, lane) do update set taken_at = excluded.taken_at
      where held.taken_at is not distinct from (select taken_at from free_lane)
    returning lane
  ),
     begun as (
       update ingest
       set advance_at = null, lease_until = $9,
           fence = case when failure_code is null then fence else fence + 1 end,
           unsure_until = greatest(unsure_until, $10::timestamptz)
       from t
       where
  task_id = $5 and advance_fence = $6 and state = 'starting' and advance_at <= $7 and not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2::text) as own,
         min(at) filter (where holder = $2::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2::text), '{}') as times,
         max(until) filter (where holder = $2::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $3 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $4 * interval '1 millisecond'
)
  and ($8::integer is null or exists (select from place))
  and (null::integer is null or exists (select from lane))
       returning ingest.*
     ),
     slot as (
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select $3, 'StartStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from begun, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then greatest(
  after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
  after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + $4 * interval '1 millisecond' then come_at end,
        is_turn,
        case when is_turn and $2::text is not null then ahead.holders || $2::text else ahead.holders end,
        case when is_turn and $2::text is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || $2::text else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select
  slot.recent || array(
    select slot.next_free_at - n * interval '1 millisecond'
    from generate_series(1100, 1, -55) as n
    where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
  slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
  slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
  ) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $2::text) as own,
         min(at) filter (where holder = $2::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $2::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $2::text), '{}') as times,
         max(until) filter (where holder = $2::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $2::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $2::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not false
                         and free_at + (come_at - now) <= now + $4 * interval '1 millisecond'
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $4 * interval '1 millisecond'
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
     select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- scheduled.begin, within a budget
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     candidate as (
       select t.now as from_at, deadline_at as to_at, micro_usd_per_minute(prices, media) as per_minute
       from ingest cross join t where
  task_id = $2 and advance_fence = $3 and state = 'starting' and advance_at <= $4),
     fitting as (
       select $5::text as scope,
              coalesce((select version from budget_turn where budget_turn.scope = $5), 0) as version
       from candidate cross join t
       cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
       cross join lateral spending($6::text, $7::bigint, $8::text[], t.now) as spending
       where month_usd_planned + month_cost <= $9::bigint),
     turn as (
       insert into budget_turn as held (scope, version)
       select scope, version + 1 from fitting cross join t
       where (select count(*) from fitting) = 1 and not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $10::text) as own,
         min(at) filter (where holder = $10::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $10::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $10::text), '{}') as times,
         max(until) filter (where holder = $10::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $10::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $10::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $11 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $12 * interval '1 millisecond'
) and exists (select from ingest where
  task_id = $2 and advance_fence = $3 and state = 'starting' and advance_at <= $4)
       order by scope
       on conflict (scope) do update set version = excluded.version
         where held.version = excluded.version - 1
       returning scope
     ),
     begun as (
       update ingest
       set advance_at = null, lease_until = $13,
           fence = case when failure_code is null then fence else fence + 1 end,
           unsure_until = greatest(unsure_until, $14::timestamptz)
       from t
       where
  task_id = $2 and advance_fence = $3 and state = 'starting' and advance_at <= $4 and not exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $10::text) as own,
         min(at) filter (where holder = $10::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $10::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $10::text), '{}') as times,
         max(until) filter (where holder = $10::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $10::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $10::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
  where account = $11 and action = 'StartStreamIngest'
    and free_at + case when is_turn then '0' else come_at - now end > now + $12 * interval '1 millisecond'
)
        and (select count(*) from turn) = 1
       returning ingest.*
     ),
     slot as (
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select $11, 'StartStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from begun, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then greatest(
  after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
  after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + $12 * interval '1 millisecond' then come_at end,
        is_turn,
        case when is_turn and $10::text is not null then ahead.holders || $10::text else ahead.holders end,
        case when is_turn and $10::text is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || $10::text else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select
  slot.recent || array(
    select slot.next_free_at - n * interval '1 millisecond'
    from generate_series(1100, 1, -55) as n
    where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
  slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
  slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
  ) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
  cross join lateral (
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = $10::text) as own,
         min(at) filter (where holder = $10::text) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now) as ahead
  cross join lateral (
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $10::text), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from $10::text), '{}') as times,
         max(until) filter (where holder = $10::text) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from $10::text) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select $10::text is null or free_at <= now + 100 * interval '1 millisecond'
           or ahead.own < ceil(10.0 / callers) as is_turn,
           greatest(
             coalesce(case when not false then queue.own end, now)
               + callers * 55 * interval '1 millisecond',
             ahead.own_first
           ) as come_at
  ) as decided
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not false
                         and free_at + (come_at - now) <= now + $12 * interval '1 millisecond'
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $12 * interval '1 millisecond'
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
     select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- scheduled.reschedule
update ingest
set advance_at = $1, advance_lease_until = null, lease_until = null,
    fence = fence + 1, unsure_until = case when settled_at is not null then unsure_until end,
    failure_code = $2, failure_message = $3, changed_by = $4::jsonb
where task_id = $5 and fence = $6 and state = 'starting'
  and stop_asked_at is null
returning *;

-- scheduled.postpone
update ingest
set advance_at = $1, advance_lease_until = null,
    failure_code = $2, failure_message = $3, changed_by = $4::jsonb
where task_id = $5 and advance_fence = $6 and state = 'starting' and advance_at is not null;

-- scheduled.release
update ingest set advance_lease_until = null
where task_id = $1 and advance_fence = $2;

-- scheduled.cancel
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and state = 'starting' and advance_at is not null
     ),
     changed as (
       update ingest set state = 'ended', end_reason = $2, end_cause = $3,
            stop_asked_at = coalesce(stop_asked_at, $4), ended_at = $5, advance_at = null, notified = notified + case when true then 1 else 0 end + 0, changed_by = $6::jsonb
       where task_id = $1 and state = 'starting' and advance_at is not null
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- scheduled.listMissed
select * from ingest
where state = 'starting' and advance_at is not null and start_by <= $1
order by advance_at, task_id
limit $2;

-- scheduled.markMissed
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and state = 'starting' and advance_at is not null and start_by <= $2
     ),
     changed as (
       update ingest set state = 'ended', ended_at = $2, advance_at = null,
            end_reason = case when (started_at is not null and failure_code is null) then 'expired' else 'failed' end,
            end_cause = case when not (started_at is not null and failure_code is null) and failure_code is null then 'missed' end,
            failure_code = case when not (started_at is not null and failure_code is null) then coalesce(failure_code, $3) end,
            failure_message = case when not (started_at is not null and failure_code is null)
                                   then coalesce(failure_message, $4) end, notified = notified + case when true then 1 else 0 end + 0, changed_by = $5::jsonb
       where task_id = $1 and state = 'starting' and advance_at is not null and start_by <= $2
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- scheduled.markUpdated
with target as (
       select task_id from ingest
       where task_id = $1 and state = 'starting' and advance_at is not null
         and date_trunc('milliseconds', starts_at) is not distinct from $2::timestamptz and date_trunc('milliseconds', deadline_at) is not distinct from $3::timestamptz
         and date_trunc('milliseconds', latest_at) is not distinct from $4::timestamptz and coalesce(sequence < $5::bigint, true)
       for update
     ),
used as (
  insert into used_signature (signature, used_at, traces)
  select $6, $7::timestamptz, array_remove(array[$8::text], null)
  where $6::text is not null and exists (select from target)
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = $9::timestamptz
  returning 1),
     before_change as (
       select task_id, case when $10::boolean then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and exists (select from target)
            and ($6::text is null or exists (select from used))
     ),
     changed as (
       update ingest set play = play || $11::jsonb, media = case
  when play->>'StreamUrl' = coalesce($12::text, play->>'StreamUrl') then media end, asked = $13::jsonb,
            starts_at = $14, start_by = $15,
            advance_at = case when $10::boolean then $14::timestamptz else advance_at end,
            advance_lease_until = case when $10::boolean then null else advance_lease_until end,
            advance_fence = advance_fence + case when $10::boolean then 1 else 0 end,
            deadline_at = $16, latest_at = $17,
            sequence = coalesce($5::bigint, sequence),
            update_run = case
  when $6::text is null then null
  when $18::bigint is null then jsonb_build_object('last', $6::text)
  when (update_run->>'second')::bigint = $18::bigint then
    update_run || jsonb_build_object(
      'last', $6::text,
      'first', jsonb_build_object($6::text, $19::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', $6::text, 'second', $18::bigint,
    'first', jsonb_build_object($6::text, $19::bigint))
end, notified = notified + case when $10::boolean then 1 else 0 end + 0, changed_by = $20::jsonb
       where task_id = $1 and exists (select from target)
            and ($6::text is null or exists (select from used))
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.scheduled', $21::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest($21::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $21::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- scheduled.markUpdated, of a programme
with target as (
       select task_id from ingest
       where task_id = $1 and state = 'starting' and advance_at is not null
         and date_trunc('milliseconds', starts_at) is not distinct from $2::timestamptz and date_trunc('milliseconds', deadline_at) is not distinct from $3::timestamptz
         and date_trunc('milliseconds', latest_at) is not distinct from $4::timestamptz and coalesce(sequence < $5::bigint, true) and programme = $6::jsonb
       for update
     ),
used as (
  insert into used_signature (signature, used_at, traces)
  select $7, $8::timestamptz, array_remove(array[$9::text], null)
  where $7::text is not null and exists (select from target)
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = $10::timestamptz
  returning 1),
     before_change as (
       select task_id, case when $11::boolean then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and exists (select from target)
            and ($7::text is null or exists (select from used))
     ),
     changed as (
       update ingest set play = play || $12::jsonb, media = case
  when play->>'StreamUrl' = coalesce($13::text, play->>'StreamUrl') then media end, asked = $14::jsonb,
            starts_at = $15, start_by = $16,
            advance_at = case when $11::boolean then $15::timestamptz else advance_at end,
            advance_lease_until = case when $11::boolean then null else advance_lease_until end,
            advance_fence = advance_fence + case when $11::boolean then 1 else 0 end,
            deadline_at = $17, latest_at = $18,
            sequence = coalesce($5::bigint, sequence),
            update_run = case
  when $7::text is null then null
  when $19::bigint is null then jsonb_build_object('last', $7::text)
  when (update_run->>'second')::bigint = $19::bigint then
    update_run || jsonb_build_object(
      'last', $7::text,
      'first', jsonb_build_object($7::text, $20::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', $7::text, 'second', $19::bigint,
    'first', jsonb_build_object($7::text, $20::bigint))
end,
         programme = $21::jsonb,
         on_air = $22::jsonb, notified = notified + case when $11::boolean then 1 else 0 end + 0, changed_by = $23::jsonb
       where task_id = $1 and exists (select from target)
            and ($7::text is null or exists (select from used))
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.scheduled', $24::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest($24::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $24::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- roomEvents.recordTaskEvent
with
     before_change as (
       select task_id, case when state <> 'ended' and $1::text is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or ($2::timestamptz, array_position(array['failed', 'retrying', 'playing'], $1::text)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then 1 else 0 end as news, 0 as next_news
       from ingest where sdk_app_id = $3 and trtc_task_id = $4
     ),
     changed as (
       update ingest set media_state = case when $1::text is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or ($2::timestamptz, array_position(array['failed', 'retrying', 'playing'], $1::text)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then $1::text else ingest.media_state end, media_at = case when $1::text is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or ($2::timestamptz, array_position(array['failed', 'retrying', 'playing'], $1::text)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then $2::timestamptz else ingest.media_at end,
            media_failures = array(
  select distinct failed_at from unnest(ingest.media_failures || case when $1::text = 'failed' then array[$2::timestamptz] end) as failed_at
  where failed_at > coalesce(greatest(
    ingest.failures_after, case when $1::text = 'playing' then $2::timestamptz end), '-infinity')
    and failed_at > (select max(last) from unnest(ingest.media_failures || case when $1::text = 'failed' then array[$2::timestamptz] end) as last) - interval '10 minutes'
  order by failed_at), failures_after = greatest(
    ingest.failures_after, case when $1::text = 'playing' then $2::timestamptz end),
            step_at = case
              when programme is not null and successor_of is null
                   and cardinality(array(
  select distinct failed_at from unnest(ingest.media_failures || case when $1::text = 'failed' then array[$2::timestamptz] end) as failed_at
  where failed_at > coalesce(greatest(
    ingest.failures_after, case when $1::text = 'playing' then $2::timestamptz end), '-infinity')
    and failed_at > (select max(last) from unnest(ingest.media_failures || case when $1::text = 'failed' then array[$2::timestamptz] end) as last) - interval '10 minutes'
  order by failed_at)) >= 3
              then least(step_at, $5::timestamptz) else step_at end,
            heard_at = case when ingest.heard_at is not null then greatest(ingest.heard_at, $5) end, notified = notified + case when state <> 'ended' and $1::text is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or ($2::timestamptz, array_position(array['failed', 'retrying', 'playing'], $1::text)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then 1 else 0 end + 0, changed_by = $6::jsonb
       where sdk_app_id = $3 and trtc_task_id = $4
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.media', media_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, media_state, media_at) as fact),
         greatest(media_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), media_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select *, coalesce((
  select count(*)::int
  from unnest(changed.media_failures) as first, unnest(changed.media_failures) as next
  where next between first and first + interval '1 minute'
  group by first
  order by count(*) desc
  limit 1), 0) as failed_times from changed;

-- roomEvents.explainDismissal
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where sdk_app_id = $1 and room_id = $2 and room_id_type = $3
              and end_reason = 'lost'
              and state = 'ended' and started_at <= $4::timestamptz - interval '10 seconds'
              and ended_at between $4 - interval '5 minutes' and $4 + interval '5 minutes'
              and (paused_at is null or paused_at > ended_at - interval '719 minutes')
              and (not play ? 'IdleTimeout' or media_state = 'playing')
     ),
     changed as (
       update ingest set end_reason = 'stopped', end_cause = 'room-dismissed', notified = notified + case when true then 1 else 0 end + 0, changed_by = $5::jsonb
       where sdk_app_id = $1 and room_id = $2 and room_id_type = $3
              and end_reason = 'lost'
              and state = 'ended' and started_at <= $4::timestamptz - interval '10 seconds'
              and ended_at between $4 - interval '5 minutes' and $4 + interval '5 minutes'
              and (paused_at is null or paused_at > ended_at - interval '719 minutes')
              and (not play ? 'IdleTimeout' or media_state = 'playing')
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- roomEvents.explainRemoval
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where sdk_app_id = $1 and robot_user_id = $2 and room_id = $3
              and (end_reason in ('finished', 'lost')
                   or (end_reason = 'stopped' and end_cause = 'room-dismissed'
                       and $4 = 'robot-removed'))
              and state = 'ended' and started_at <= $5::timestamptz and unsure_until is null
              and ended_at between $5 - interval '5 minutes' and $5 + interval '5 minutes'
     ),
     changed as (
       update ingest set end_reason = 'stopped', end_cause = $4, notified = notified + case when true then 1 else 0 end + 0, changed_by = $6::jsonb
       where sdk_app_id = $1 and robot_user_id = $2 and room_id = $3
              and (end_reason in ('finished', 'lost')
                   or (end_reason = 'stopped' and end_cause = 'room-dismissed'
                       and $4 = 'robot-removed'))
              and state = 'ended' and started_at <= $5::timestamptz and unsure_until is null
              and ended_at between $5 - interval '5 minutes' and $5 + interval '5 minutes'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- roomEvents.explainEnd
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and state = 'ended' and end_reason in ('finished', 'lost')
     ),
     changed as (
       update ingest set end_reason = 'failed', notified = notified + case when true then 1 else 0 end + 0, changed_by = $2::jsonb
       where task_id = $1 and state = 'ended' and end_reason in ('finished', 'lost')
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- roomEvents.robotEntered
update ingest
set heard_at = case when state = 'running' then case when ingest.heard_at is not null then greatest(ingest.heard_at, $1) end else heard_at end,
    end_cause = case when state = 'running' then case when end_cause not in ('robot-removed', 'room-dismissed') then end_cause end else end_cause end,
    lease_until = case when state = 'starting' and fence = 0 and advance_at is null
                       then least(lease_until, $2) else lease_until end,
    changed_by = $3::jsonb
where sdk_app_id = $4 and robot_user_id = $5 and room_id = $6
  and state <> 'ended' and created_at <= $7
returning *;

-- roomEvents.robotLeft
update ingest
set heard_at = null,
    end_cause = case when started_at <= $1 and unsure_until is null
                     then coalesce(end_cause, $2) else end_cause end,
    changed_by = $3::jsonb
where sdk_app_id = $4 and robot_user_id = $5 and room_id = $6
  and state = 'running'
returning *;

-- roomEvents.checkSoon
update ingest set heard_at = null where task_id = $1 and state = 'running';

-- roomEvents.markSeen
update ingest set heard_at = greatest(heard_at, $1), end_cause = case when end_cause not in ('robot-removed', 'room-dismissed') then end_cause end, changed_by = $2::jsonb
where task_id = $3 and state = 'running';

-- roomEvents.runningInRoom
select * from ingest
where sdk_app_id = $1 and room_id = $2 and state = 'running'
  and room_id_type = coalesce($3, room_id_type)
  and started_at <= $4
order by task_id;

-- audience.recordViewerEvent
with recorded as (
  insert into room_audience as known (sdk_app_id, room_id, user_id, is_present, event_at)
  values ($1, $2, $3, $4, $5)
  on conflict (sdk_app_id, room_id, user_id) do update
  set is_present = excluded.is_present, event_at = excluded.event_at
  where (excluded.event_at, excluded.is_present) > (known.event_at, known.is_present)
)
select exists (
  select from ingest
  where sdk_app_id = $1 and room_id = $2 and state <> 'ended'
    and empty_seconds is not null
) as has_ingest;

-- audience.updateEmptyAt
select from ingest where sdk_app_id = $1 and room_id = $2 and state = 'running' and empty_seconds is not null order by task_id for update;

-- audience.updateEmptyAt
update ingest set empty_at = case when not exists (
select from (
select viewer.*, closed.event_at as closed_at
from room_audience as viewer
left join room_audience as closed
  on closed.sdk_app_id = viewer.sdk_app_id and closed.room_id = viewer.room_id
     and closed.user_id = ''
     and (ingest.room_id_type = 1 or ingest.room_id !~ '^[0-9]+$')
where viewer.sdk_app_id = ingest.sdk_app_id and viewer.room_id = ingest.room_id
  and not exists (
    select from ingest as robot
    where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
      and robot.room_id = viewer.room_id and robot.state <> 'ended')
  and not exists (
    select from ingest as robot
    where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
      and robot.room_id = viewer.room_id and robot.state = 'ended' and robot.ended_at >= viewer.event_at - interval '1 minute'
  )) as seen
where seen.is_present and seen.event_at >= coalesce(seen.closed_at, '-infinity')) then
greatest(
  ingest.started_at,
  (select max(greatest(case when not seen.is_present then seen.event_at end, seen.closed_at))
   from (
select viewer.*, closed.event_at as closed_at
from room_audience as viewer
left join room_audience as closed
  on closed.sdk_app_id = viewer.sdk_app_id and closed.room_id = viewer.room_id
     and closed.user_id = ''
     and (ingest.room_id_type = 1 or ingest.room_id !~ '^[0-9]+$')
where viewer.sdk_app_id = ingest.sdk_app_id and viewer.room_id = ingest.room_id
  and not exists (
    select from ingest as robot
    where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
      and robot.room_id = viewer.room_id and robot.state <> 'ended')
  and not exists (
    select from ingest as robot
    where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
      and robot.room_id = viewer.room_id and robot.state = 'ended' and robot.ended_at >= viewer.event_at - interval '1 minute'
  )) as seen)
) + ingest.empty_seconds * interval '1 second' end where sdk_app_id = $1 and room_id = $2 and state = 'running' and empty_seconds is not null returning *;

-- audience.forget
delete from room_audience as known
where event_at < $1
   or (event_at < $2 and not is_present
       and not exists (
         select from ingest
         where ingest.sdk_app_id = known.sdk_app_id and ingest.room_id = known.room_id
           and state <> 'ended' and empty_seconds is not null)
       and not (user_id = '' and exists (
         select from room_audience as before
         where before.sdk_app_id = known.sdk_app_id and before.room_id = known.room_id
           and before.is_present and before.event_at < known.event_at)));

-- unclaimedTasks.keep
insert into unclaimed_task (
     sdk_app_id, trtc_task_id, first_seen_at, last_seen_at, media_state, media_at,
     media_failures, failures_after, ended_at
   )
   select $1, $2, $3::timestamptz, $3, $4::text,
          case when $4 is not null then $5::timestamptz end,
          case when $4 = 'failed' then array[$5] else '{}' end,
          case when $4 = 'playing' then $5 end, case when $4 is null then $5 end
   on conflict (sdk_app_id, trtc_task_id) do update
   set last_seen_at = greatest(unclaimed_task.last_seen_at, excluded.last_seen_at),
       media_state = case when $4::text is not null and (
  coalesce(unclaimed_task.media_state, 'connecting') = 'connecting'
  or ($5::timestamptz, array_position(array['failed', 'retrying', 'playing'], $4::text)) > (unclaimed_task.media_at, array_position(array['failed', 'retrying', 'playing'], unclaimed_task.media_state))) then $4::text else unclaimed_task.media_state end, media_at = case when $4::text is not null and (
  coalesce(unclaimed_task.media_state, 'connecting') = 'connecting'
  or ($5::timestamptz, array_position(array['failed', 'retrying', 'playing'], $4::text)) > (unclaimed_task.media_at, array_position(array['failed', 'retrying', 'playing'], unclaimed_task.media_state))) then $5::timestamptz else unclaimed_task.media_at end, media_failures = array(
select distinct failed_at from unnest(unclaimed_task.media_failures || case when $4::text = 'failed' then array[$5::timestamptz] end) as failed_at
where failed_at > coalesce(greatest(
  unclaimed_task.failures_after, case when $4::text = 'playing' then $5::timestamptz end), '-infinity')
  and failed_at > (select max(last) from unnest(unclaimed_task.media_failures || case when $4::text = 'failed' then array[$5::timestamptz] end) as last) - interval '10 minutes'
order by failed_at),
       failures_after = greatest(
  unclaimed_task.failures_after, case when $4::text = 'playing' then $5::timestamptz end),
       ended_at = coalesce(unclaimed_task.ended_at, excluded.ended_at);

-- unclaimedTasks.drop
delete from unclaimed_task where sdk_app_id = $1 and trtc_task_id = $2;

-- unclaimedTasks.adopt
with
  adopted as (
    delete from unclaimed_task as task using ingest
    where ingest.trtc_task_id = task.trtc_task_id and ingest.sdk_app_id = task.sdk_app_id
    returning task.*
  ),
     before_change as (
       select task_id, case when adopted.media_state is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or (adopted.media_at, array_position(array['failed', 'retrying', 'playing'], adopted.media_state)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then 1 else 0 end as news, 0 as next_news
       from ingest, adopted where ingest.trtc_task_id = adopted.trtc_task_id
              and ingest.sdk_app_id = adopted.sdk_app_id and ingest.state <> 'ended'
     ),
     changed as (
       update ingest set media_state = case when adopted.media_state is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or (adopted.media_at, array_position(array['failed', 'retrying', 'playing'], adopted.media_state)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then adopted.media_state else ingest.media_state end, media_at = case when adopted.media_state is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or (adopted.media_at, array_position(array['failed', 'retrying', 'playing'], adopted.media_state)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then adopted.media_at else ingest.media_at end,
            media_failures = array(
  select distinct failed_at from unnest(ingest.media_failures || adopted.media_failures) as failed_at
  where failed_at > coalesce(greatest(ingest.failures_after, adopted.failures_after), '-infinity')
    and failed_at > (select max(last) from unnest(ingest.media_failures || adopted.media_failures) as last) - interval '10 minutes'
  order by failed_at),
            failures_after = greatest(ingest.failures_after, adopted.failures_after),
            heard_at = case when adopted.ended_at is null
                            then case when ingest.heard_at is not null then greatest(ingest.heard_at, adopted.last_seen_at) end end, notified = notified + case when adopted.media_state is not null and (
    coalesce(ingest.media_state, 'connecting') = 'connecting'
    or (adopted.media_at, array_position(array['failed', 'retrying', 'playing'], adopted.media_state)) > (ingest.media_at, array_position(array['failed', 'retrying', 'playing'], ingest.media_state))) then 1 else 0 end + 0, changed_by = $1::jsonb
       from adopted
       where ingest.trtc_task_id = adopted.trtc_task_id
              and ingest.sdk_app_id = adopted.sdk_app_id and ingest.state <> 'ended'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.media', media_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, media_state, media_at) as fact),
         greatest(media_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), media_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- unclaimedTasks.count
select count(*)::int as count from unclaimed_task
where ended_at is null and first_seen_at <= $1;

-- unclaimedTasks.take
with taken as (
  update unclaimed_task set stop_asked_at = $1, ended_at = null
  where (sdk_app_id, trtc_task_id) in (
    select sdk_app_id, trtc_task_id from unclaimed_task as task
    where first_seen_at <= $2
      and (stop_asked_at is null or stop_asked_at <= $3)
      and not exists (
        select from ingest
        where ingest.trtc_task_id = task.trtc_task_id and ingest.sdk_app_id = task.sdk_app_id
      )
    order by stop_asked_at nulls first, first_seen_at
    limit $4
    for update skip locked
  )
  returning *
)
select sdk_app_id, trtc_task_id from taken order by first_seen_at;

-- unclaimedTasks.end
update unclaimed_task
set ended_at = coalesce(ended_at, $1), stop_asked_at = 'infinity'
where sdk_app_id = $2 and trtc_task_id = $3;

-- unclaimedTasks.forget
delete from unclaimed_task
where ended_at < $1 or last_seen_at < $2;

-- ingests.find
select * from ingest
where caller_id = $1 and successor_of is null and (task_id = $2 or trtc_task_id = $2)
order by task_id desc
limit 1;

-- ingests.read
select * from ingest where task_id = $1;

-- ingests.list
select * from ingest
where caller_id = $1 and successor_of is null
order by task_id desc
limit $2;

-- ingests.list, of an application
select * from ingest
where caller_id = $1 and successor_of is null and sdk_app_id = $2
order by task_id desc
limit $3;

-- ingests.list, with every filter
select * from ingest
where caller_id = $1 and successor_of is null and sdk_app_id = $2 and room_id = $3 and room_id_type = $4 and state = $5 and state = 'ended' and end_reason = $6 and media_state = $7 and client_token = $8 and task_id < $9
order by task_id desc
limit $10;

-- ingests.markUpdated
with target as (
       select task_id from ingest
       where task_id = $1 and state = 'running'
         and coalesce(step_fence = $2::bigint, true) and coalesce(sequence < $3::bigint, true)
       for update
     ),
     used as (
  insert into used_signature (signature, used_at, traces)
  select $4, $5::timestamptz, array_remove(array[$6::text], null)
  where $4::text is not null and exists (select from target)
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = $7::timestamptz
  returning 1)
     update ingest
     set deadline_at = coalesce($8::timestamptz, deadline_at),
         play = play || $9::jsonb,
         media = case
  when play->>'StreamUrl' = coalesce($10::text, play->>'StreamUrl') then media end,
         media_failures = array(
  select distinct failed_at from unnest(media_failures) as failed_at
  where failed_at > coalesce(greatest(failures_after, $11::timestamptz), '-infinity')
    and failed_at > (select max(last) from unnest(media_failures) as last) - interval '10 minutes'
  order by failed_at),
         failures_after = greatest(failures_after, $11::timestamptz),
         update_run = case
  when $4::text is null then null
  when $12::bigint is null then jsonb_build_object('last', $4::text)
  when (update_run->>'second')::bigint = $12::bigint then
    update_run || jsonb_build_object(
      'last', $4::text,
      'first', jsonb_build_object($4::text, $13::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', $4::text, 'second', $12::bigint,
    'first', jsonb_build_object($4::text, $13::bigint))
end,
         paused_at = case when $14::boolean
                          then coalesce(paused_at, $15::timestamptz)
                          when $14 is null then paused_at end,
         changed_by = $16::jsonb, sequence = coalesce($3::bigint, sequence),
         step_lease_until = case when $2::bigint is null then step_lease_until end
     where task_id = $1 and exists (select from target)
       and ($4::text is null or exists (select from used))
     returning *;

-- ingests.markUpdated, of a programme
with target as (
       select task_id from ingest
       where task_id = $1 and state = 'running'
         and coalesce(step_fence = $2::bigint, true) and coalesce(sequence < $3::bigint, true)
       for update
     ),
     used as (
  insert into used_signature (signature, used_at, traces)
  select $4, $5::timestamptz, array_remove(array[$6::text], null)
  where $4::text is not null and exists (select from target)
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = $7::timestamptz
  returning 1)
     update ingest
     set deadline_at = coalesce($8::timestamptz, deadline_at),
         play = play || $9::jsonb,
         media = case
  when play->>'StreamUrl' = coalesce($10::text, play->>'StreamUrl') then media end,
         media_failures = array(
  select distinct failed_at from unnest(media_failures) as failed_at
  where failed_at > coalesce(greatest(failures_after, $11::timestamptz), '-infinity')
    and failed_at > (select max(last) from unnest(media_failures) as last) - interval '10 minutes'
  order by failed_at),
         failures_after = greatest(failures_after, $11::timestamptz),
         update_run = case
  when $4::text is null then null
  when $12::bigint is null then jsonb_build_object('last', $4::text)
  when (update_run->>'second')::bigint = $12::bigint then
    update_run || jsonb_build_object(
      'last', $4::text,
      'first', jsonb_build_object($4::text, $13::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', $4::text, 'second', $12::bigint,
    'first', jsonb_build_object($4::text, $13::bigint))
end,
         paused_at = case when $14::boolean
                          then coalesce(paused_at, $15::timestamptz)
                          when $14 is null then paused_at end,
         changed_by = $16::jsonb, sequence = coalesce($3::bigint, sequence)
         ,
         programme = $17::jsonb,
         on_air = $18::jsonb, step_at = $19, step_lease_until = $20
     where task_id = $1 and exists (select from target)
       and ($4::text is null or exists (select from used))
     returning *;

-- ingests.markUpdated, to a later end within a budget
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     candidate as (
       select t.now as from_at, $2::timestamptz as to_at, micro_usd_per_minute(prices, media) as per_minute
       from ingest cross join t where task_id = $3),
     fitting as (
       select $4::text as scope,
              coalesce((select version from budget_turn where budget_turn.scope = $4), 0) as version
       from candidate cross join t
       cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
       cross join lateral spending($5::text, $6::bigint, $7::text[], t.now) as spending
       where month_usd_planned + month_cost <= $8::bigint),
     turn as (
       insert into budget_turn as held (scope, version)
       select scope, version + 1 from fitting cross join t
       where (select count(*) from fitting) = 1 and true
       order by scope
       on conflict (scope) do update set version = excluded.version
         where held.version = excluded.version - 1
       returning scope
     ),
     target as (
       select task_id from ingest
       where task_id = $9 and state = 'running'
         and coalesce(step_fence = $10::bigint, true) and coalesce(sequence < $11::bigint, true) and (select count(*) from turn) = 1
       for update
     ),
     used as (
  insert into used_signature (signature, used_at, traces)
  select $12, $13::timestamptz, array_remove(array[$14::text], null)
  where $12::text is not null and exists (select from target)
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = $15::timestamptz
  returning 1)
     update ingest
     set deadline_at = coalesce($16::timestamptz, deadline_at),
         play = play || $17::jsonb,
         media = case
  when play->>'StreamUrl' = coalesce($18::text, play->>'StreamUrl') then media end,
         media_failures = array(
  select distinct failed_at from unnest(media_failures) as failed_at
  where failed_at > coalesce(greatest(failures_after, $19::timestamptz), '-infinity')
    and failed_at > (select max(last) from unnest(media_failures) as last) - interval '10 minutes'
  order by failed_at),
         failures_after = greatest(failures_after, $19::timestamptz),
         update_run = case
  when $12::text is null then null
  when $20::bigint is null then jsonb_build_object('last', $12::text)
  when (update_run->>'second')::bigint = $20::bigint then
    update_run || jsonb_build_object(
      'last', $12::text,
      'first', jsonb_build_object($12::text, $21::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', $12::text, 'second', $20::bigint,
    'first', jsonb_build_object($12::text, $21::bigint))
end,
         paused_at = case when $22::boolean
                          then coalesce(paused_at, $23::timestamptz)
                          when $22 is null then paused_at end,
         changed_by = $24::jsonb, sequence = coalesce($11::bigint, sequence),
         step_lease_until = case when $10::bigint is null then step_lease_until end
     where task_id = $9 and exists (select from target)
       and ($12::text is null or exists (select from used))
     returning *;

-- budgets.overBudget
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
candidate as (
  select t.now as from_at, deadline_at as to_at, micro_usd_per_minute(prices, media) as per_minute
  from ingest cross join t where task_id = $2)
select spending.*, cost.*, period.day_to, period.month_to
from candidate cross join t cross join budget_period(t.now) as period
cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
cross join lateral spending($3::text, $4::bigint, $5::text[], t.now) as spending;

-- budgets.overBudget, of a later end
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
candidate as (
  select t.now as from_at, $2::timestamptz as to_at, micro_usd_per_minute(prices, media) as per_minute
  from ingest cross join t where task_id = $3)
select spending.*, cost.*, period.day_to, period.month_to
from candidate cross join t cross join budget_period(t.now) as period
cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
cross join lateral spending($4::text, $5::bigint, $6::text[], t.now) as spending;

-- budgets.run, watchBudget
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
     period as (select period.* from t cross join budget_period(t.now) as period),
     spending as (select spending.* from t cross join spending($2::text, $3::bigint, $4::text[], t.now) as spending),
     counted as (select 'DailyUsd' as budget, $5::bigint as most, day_usd as spent,
                day as period, day_from as from_at, day_to as to_at
         from spending cross join period
union all
         select 'DailyMinutes' as budget, $6::bigint as most, day_ms as spent,
                day as period, day_from as from_at, day_to as to_at
         from spending cross join period
union all
         select 'MonthlyUsd' as budget, $7::bigint as most, month_usd as spent,
                month as period, month_from as from_at, month_to as to_at
         from spending cross join period),
     standing as (
       insert into budget_standing as known
         (scope, budget, caller_id, sdk_app_id, period, most, spent, watched_at)
       select $8::text, budget, $9::text, $10::bigint, period, most, spent, t.now
       from counted cross join t
       order by budget
       on conflict (scope, budget) do update
       set period = excluded.period, most = excluded.most, spent = excluded.spent,
           watched_at = excluded.watched_at
       where known.watched_at <= excluded.watched_at
     ),
     noticed as (
       insert into budget_notice (scope, budget, period, level, noticed_at)
       select $8::text, budget, period, level, t.now
       from counted cross join t cross join (values (80), (100)) as levels (level)
       where spent > 0 and spent * 100 >= most * level
       order by budget, level
       on conflict do nothing
       returning budget, period, level
     ),
     news as (
       select budget, max(level) as level from noticed group by budget
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select 'budget-' || md5(concat_ws(' ', $8::text, budget, counted.period, receiver.caller_id)),
              case level when 80 then 1 else 2 end, receiver.caller_id,
              case level when 80 then 'budget.warning' else 'budget.spent' end, t.now,
              jsonb_build_object(
                'caller_id', $11::text, 'sdk_app_id', $12::bigint, 'budget', budget,
                'most', most, 'spent', spent, 'from_at', from_at, 'to_at', to_at,
                'is_enforced', $13::boolean
              ),
              t.now, t.now + interval '1 day'
       from news join counted using (budget) cross join t
       cross join unnest($14::text[]) as receiver (caller_id)
       where receiver.caller_id = $15
       on conflict (task_id, position) do nothing
     )
     select counted.budget, most, spent, news.level from counted left join news using (budget);

-- budgets.run, watchBudget of an application
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
 period as (select period.* from t cross join budget_period(t.now) as period),
 spending as (select spending.* from t cross join spending($2::text, $3::bigint, $4::text[], t.now) as spending),
 counted as (select 'MonthlyUsd' as budget, $5::bigint as most, month_usd as spent,
            month as period, month_from as from_at, month_to as to_at
     from spending cross join period),
 standing as (
   insert into budget_standing as known
     (scope, budget, caller_id, sdk_app_id, period, most, spent, watched_at)
   select $6::text, budget, $7::text, $8::bigint, period, most, spent, t.now
   from counted cross join t
   order by budget
   on conflict (scope, budget) do update
   set period = excluded.period, most = excluded.most, spent = excluded.spent,
       watched_at = excluded.watched_at
   where known.watched_at <= excluded.watched_at
 ),
 noticed as (
   insert into budget_notice (scope, budget, period, level, noticed_at)
   select $6::text, budget, period, level, t.now
   from counted cross join t cross join (values (80), (100)) as levels (level)
   where spent > 0 and spent * 100 >= most * level
   order by budget, level
   on conflict do nothing
   returning budget, period, level
 ),
 news as (
   select budget, max(level) as level from noticed group by budget
 ),
 events as (
   insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
   select 'budget-' || md5(concat_ws(' ', $6::text, budget, counted.period, receiver.caller_id)),
          case level when 80 then 1 else 2 end, receiver.caller_id,
          case level when 80 then 'budget.warning' else 'budget.spent' end, t.now,
          jsonb_build_object(
            'caller_id', $9::text, 'sdk_app_id', $10::bigint, 'budget', budget,
            'most', most, 'spent', spent, 'from_at', from_at, 'to_at', to_at,
            'is_enforced', $11::boolean
          ),
          t.now, t.now + interval '1 day'
   from news join counted using (budget) cross join t
   cross join unnest($12::text[]) as receiver (caller_id)
   where exists (
     select from ingest
     where ingest.caller_id = receiver.caller_id and sdk_app_id = $13 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
or ingest.started_at is not null)
   )
   on conflict (task_id, position) do nothing
 )
 select counted.budget, most, spent, news.level from counted left join news using (budget);

-- budgets.run, listLive
select * from ingest
 where caller_id = $1 and ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
or ingest.started_at is not null) and state in ('starting', 'running') and stop_asked_at is null
 order by task_id
 limit $2;

-- budgets.run, forgetSpending
delete from spend_day where day < ($1::timestamptz at time zone 'UTC')::date;

-- budgets.run, forgetSpending
delete from budget_notice where period < ($1::timestamptz at time zone 'UTC')::date;

-- budgets.run, forgetSpending
delete from budget_standing where period < ($1::timestamptz at time zone 'UTC')::date;

-- ingests.takeUpdateTurn
update ingest set step_lease_until = $1, step_fence = step_fence + 1
where task_id = $2 and state = 'running' and coalesce(sequence < $3::bigint, true)
  and coalesce(step_lease_until <= $4, true)
returning *;

-- ingests.endUpdateTurn
update ingest set step_lease_until = null
where task_id = $1 and step_fence = $2;

-- signatures.claim
insert into used_signature (signature, used_at, request_hash, lease_until)
values ($1, $2, $3, $4)
on conflict (signature) do update set lease_until = excluded.lease_until
where used_signature.lease_until <= $2
  and used_signature.request_hash is not distinct from excluded.request_hash
returning 1;

-- signatures.claim
select request_hash, used_at, lease_until, traces from used_signature
where signature = $1;

-- signatures.claimAgain
update used_signature set lease_until = $1
where signature = $2 and used_at = $3 and lease_until is null
returning 1;

-- signatures.release
with fresh as (
  delete from used_signature
  where signature = $1 and lease_until = $2 and traces is null
)
update used_signature set lease_until = null
where signature = $1 and lease_until = $2 and traces is not null;

-- signatures.forget
delete from used_signature
where used_at < $1
  and (request_hash is null or used_at < $1::timestamptz - interval '8 days');

-- outbox.callersWaiting
select caller_id from outbox
where dead_at is null
group by caller_id
having min(try_at) <= $1
order by count(*) filter (where attempts > 0), min(try_at);

-- outbox.claim
update outbox set try_at = $1, attempts = attempts + 1
where (task_id, position) in (
  select task_id, position from outbox as first
  where caller_id = $2 and dead_at is null and try_at <= $3
    and not exists (
      select from outbox as earlier
      where earlier.task_id = first.task_id and earlier.position < first.position
        and earlier.dead_at is null
    )
  order by try_at
  limit $4
  for update skip locked
)
returning *;

-- outbox.remove
delete from outbox where task_id = $1 and position = $2;

-- outbox.postpone
update outbox set try_at = $1
where task_id = $2 and position >= $3 and dead_at is null
  and exists (
    select from outbox as claimed
    where claimed.task_id = $2 and claimed.position = $3
      and claimed.attempts = $4
  );

-- outbox.postponeRest
update outbox set
  attempts = attempts + 1,
  try_at = $1::timestamptz + interval '1 millisecond'
    * ($2::float8[])[least(attempts + 1, cardinality($2::float8[]))]
where (task_id, position) in (
  select task_id, position from outbox
  where caller_id = $3 and dead_at is null and try_at <= $1 and give_up_at > $1
  for update skip locked
);

-- outbox.addDeadLetter
update outbox set dead_at = $1, dead_reason = $2
where task_id = $3 and position = $4 and attempts = $5
  and dead_at is null;

-- outbox.dropOf
delete from outbox
where (task_id, position) in (
  select task_id, position from outbox
  where caller_id = $1 and dead_at is null and try_at <= $2
  order by try_at
  limit $3
  for update skip locked
)
returning *;

-- outbox.listDead
select * from outbox
where dead_at is not null and ($1::text is null or caller_id = $1)
order by dead_at desc, task_id, position
limit $2;

-- outbox.revive
update outbox
set dead_at = null, dead_reason = null, attempts = 0, try_at = $1::timestamptz,
    give_up_at = $1::timestamptz + interval '1 day'
where task_id = $2 and position = $3 and dead_at is not null
returning task_id;

-- outbox.forgetDead
delete from outbox where dead_at < $1;

-- deadLetters.add
insert into dead_letter (id, source, message_id, received_at, code, message, payload)
values ($1, $2, $3, $4, $5,
        $6, $7::jsonb)
on conflict (id) do update
set code = excluded.code, message = excluded.message, attempts = dead_letter.attempts + 1,
    replayed_at = null;

-- deadLetters.resolve
update dead_letter set replayed_at = $1 where id = any($2) and replayed_at is null;

-- deadLetters.forgetResolved
delete from dead_letter where replayed_at < $1;

-- deadLetters.list
select * from dead_letter
where ($1 or replayed_at is null)
  and ($2::timestamptz is null or (received_at, id) > ($2, $3))
order by received_at, id
limit $4;

-- deadLetters.read
select * from dead_letter where id = $1;

-- deadLetters.drop
delete from dead_letter where id = $1 returning id;

-- deadLetters.isTokenSpent
select from ingest
where caller_id = $1 and client_token = $2
  and state = 'ended' and failure_code is not null;

-- programmes.claimDue
with recursive
in_hand as (
  select account, caller_id, count(*)::int as count from ingest
  where step_lease_until > $1
    and ((step_at <= $2 and state = 'running') or false)
  group by account, caller_id
),
accounts as (
  select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
),
   caller as (
     (select account, caller_id, step_at as first_at from ingest
      where (state = 'running' and step_at is not null and successor_of is null) order by account, caller_id, step_at limit 1)
     union all
     select next.*
     from caller cross join lateral (
       select account, caller_id, step_at as first_at from ingest
       where (state = 'running' and step_at is not null and successor_of is null) and (account, caller_id) > (caller.account, caller.caller_id)
       order by account, caller_id, step_at limit 1
     ) as next
   ),
   -- A row behind so many of its own caller's rows is never among the next ones. The rows are
   -- compared with the whole key of the index by caller, and the planner does not see the limit.
   -- Otherwise it may read all due rows once for each caller.
   due as (
     select first.* from caller cross join lateral (
       select task_id, account, caller_id, step_at as due_at from ingest
       where (state = 'running' and step_at is not null and successor_of is null) and coalesce(step_lease_until <= $1, true)
         and (account, caller_id, step_at) >= (caller.account, caller.caller_id, '-infinity')
         and (account, caller_id, step_at) <= (caller.account, caller.caller_id, $2)
       order by account, caller_id, step_at limit (select $3::integer)
     ) as first
     where caller.first_at <= $2
   ),
   callers as (
     select account, count(*) as callers
     from (select account, caller_id from due union select account, caller_id from in_hand) as each
     group by account
   ),
   turns as (
     select due.*, coalesce(in_hand.count, 0) + row_number() over (
              partition by account, caller_id order by due.due_at
            ) as turn
     from due left join in_hand using (account, caller_id)
   ),
   placed as (
     select turns.*, callers.callers, coalesce(accounts.count, 0) as held,
            row_number() over (partition by account order by turn, due_at) as place,
            row_number() over (partition by account order by due_at) as place_by_time
     from turns join callers using (account) left join accounts using (account)
   ),
   next as (
     select placed.task_id, placed.place, placed.due_at as falls_due, earlier.due_at as stands_for
     from placed join placed as earlier
       on earlier.account = placed.account and earlier.place_by_time = placed.place
     where placed.held + placed.place <= $3
        or placed.turn <= ceil($3::numeric / placed.callers)
   ),
   claimed as (
     update ingest
     set step_lease_until = $4, step_fence = step_fence + 1
     where task_id in (
       select ingest.task_id from ingest join next using (task_id)
       where (state = 'running' and step_at is not null and successor_of is null) and coalesce(step_lease_until <= $1, true) and step_at <= $2
         and ingest.task_id = any (array(select task_id from next))
       order by next.stands_for, next.place, next.falls_due
       limit $5
       for update of ingest skip locked
     )
     returning *
   )
   select * from claimed order by step_at;

-- programmes.nextClaimAt
with
in_hand as (
  select account, caller_id, count(*)::int as count from ingest
  where step_lease_until > $1
    and ((step_at <= $2 and state = 'running') or false)
  group by account, caller_id
),
accounts as (
  select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
)
   select min(greatest(
            step_at - $3 * interval '1 millisecond',
            step_lease_until,
            case when accounts.count >= $4
                  and in_hand.count >= ceil($4::numeric / accounts.callers)
                 then $5::timestamptz end
          )) as next_at
   from ingest
   left join in_hand using (account, caller_id) left join accounts using (account)
   where step_at <= $2 and ((state = 'running' and step_at is not null and successor_of is null) or false);

-- programmes.beginStep
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
   begun as (
     update ingest set step_lease_until = $2
     where task_id = $3 and step_fence = $4
       and state = 'running' and step_at <= $5
     returning *
   ),
   calling as (select * from begun where $6::boolean),
   slot as (
insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
select $7, 'UpdateStreamIngest', t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from calling, t
on conflict (account, action) do update
  set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
    select
      case when is_turn then greatest(
after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
      case when is_turn then after.recent else slot.recent end,
      case when is_turn then free_at
           when free_at + (come_at - now) <= now + $8 * interval '1 millisecond' then come_at end,
      is_turn,
      case when is_turn and $9::text is not null then ahead.holders || $9::text else ahead.holders end,
      case when is_turn and $9::text is not null then ahead.times || free_at else ahead.times end,
      case when queue_until > now then queue.holders || $9::text else queue.holders end,
      case when queue_until > now then queue.times || queue_until else queue.times end
    from (select
slot.recent || array(
  select slot.next_free_at - n * interval '1 millisecond'
  from generate_series(1100, 1, -55) as n
  where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
cross join lateral (
select coalesce(array_agg(holder order by at), '{}') as holders,
       coalesce(array_agg(at order by at), '{}') as times,
       count(*) filter (where holder = $9::text) as own,
       min(at) filter (where holder = $9::text) as own_first,
       array_agg(holder) as waiting
from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
where at > before.now) as ahead
cross join lateral (
select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $9::text), '{}') as holders,
       coalesce(array_agg(until order by holder) filter (where holder is distinct from $9::text), '{}') as times,
       max(until) filter (where holder = $9::text) as own,
       array_agg(holder) as waiting
from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
where until > before.now) as queue
cross join lateral (
  select count(distinct holder) filter (where holder is distinct from $9::text) + 1 as callers
  from unnest(ahead.waiting || queue.waiting) as holder
) as waiting
cross join lateral (
  select $9::text is null or free_at <= now + 100 * interval '1 millisecond'
         or ahead.own < ceil(10.0 / callers) as is_turn,
         greatest(
           coalesce(case when not false then queue.own end, now)
             + callers * 55 * interval '1 millisecond',
           ahead.own_first
         ) as come_at
) as decided
    cross join lateral (
      select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
    ) as after
    cross join lateral (
      select case when not is_turn and not false
                       and free_at + (come_at - now) <= now + $8 * interval '1 millisecond'
                  then come_at else queue.own end as queue_until
    ) as queued
  )
  where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $8 * interval '1 millisecond'
returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
          extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms)
   select begun.*, slot.slot_ms, slot.is_granted, slot.database_now_ms from begun left join slot on true;

-- programmes.claimStep
update ingest
set step_at = $1, step_fence = step_fence + 1, step_lease_until = $2
where task_id = $3 and state = 'running' and programme is not null and successor_of is null
returning *;

-- programmes.markStepped, another item
with
     before_change as (
       select task_id, case when $1::boolean then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $2 and step_fence = $3 and state = 'running'
     ),
     changed as (
       update ingest set programme = $4::jsonb, on_air = $5::jsonb,
            step_at = $6, step_lease_until = null, step_fence = step_fence + 1,
            play = play || $7::jsonb, media = case
  when play->>'StreamUrl' = coalesce($8::text, play->>'StreamUrl') then media end,
            media_state = case when $9::boolean and media_state in ('failed', 'retrying')
                               then 'connecting' else media_state end,
            media_failures = array(
  select distinct failed_at from unnest(media_failures) as failed_at
  where failed_at > coalesce(greatest(failures_after, $10::timestamptz), '-infinity')
    and failed_at > (select max(last) from unnest(media_failures) as last) - interval '10 minutes'
  order by failed_at), failures_after = greatest(failures_after, $10::timestamptz), notified = notified + case when $1::boolean then 1 else 0 end + 0, changed_by = $11::jsonb
       where task_id = $2 and step_fence = $3 and state = 'running'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.item', $12::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, on_air, case when (on_air ->> 'index')::int < 0 then programme -> 'leaving'
        else programme -> 'items' -> (on_air ->> 'index')::int end ->> 'Title' as item_title) as fact),
         greatest($12::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $12::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- programmes.markStepped, another source
with
     before_change as (
       select task_id, case when $1::boolean then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $2 and step_fence = $3 and state = 'running'
     ),
     changed as (
       update ingest set programme = $4::jsonb, on_air = $5::jsonb,
            step_at = $6, step_lease_until = null, step_fence = step_fence + 1,
            play = play || $7::jsonb, media = case
  when play->>'StreamUrl' = coalesce($8::text, play->>'StreamUrl') then media end,
            media_state = case when $9::boolean and media_state in ('failed', 'retrying')
                               then 'connecting' else media_state end,
            media_failures = array(
  select distinct failed_at from unnest(media_failures) as failed_at
  where failed_at > coalesce(greatest(failures_after, $10::timestamptz), '-infinity')
    and failed_at > (select max(last) from unnest(media_failures) as last) - interval '10 minutes'
  order by failed_at), failures_after = greatest(failures_after, $10::timestamptz), notified = notified + case when $1::boolean then 1 else 0 end + 0, changed_by = $11::jsonb
       where task_id = $2 and step_fence = $3 and state = 'running'
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.source', $12::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, on_air, case when (on_air ->> 'index')::int < 0 then programme -> 'leaving'
        else programme -> 'items' -> (on_air ->> 'index')::int end ->> 'Title' as item_title) as fact),
         greatest($12::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $12::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- programmes.releaseStep
update ingest
set step_lease_until = null, step_at = coalesce($1::timestamptz, step_at)
where task_id = $2 and step_fence = $3 and state = 'running';

-- programmes.markRestarting
update ingest
set state = 'starting', fence = fence + 1, lease_until = null,
    advance_at = $1, advance_lease_until = $2,
    advance_fence = advance_fence + 1, start_by = deadline_at,
    programme = $3::jsonb,
    on_air = $4::jsonb,
    step_at = null, step_lease_until = null, step_fence = step_fence + 1,
    media_failures = '{}', failures_after = greatest(failures_after, media_at),
    empty_at = null, end_cause = null, changed_by = $5::jsonb
where task_id = $6 and fence = $7 and state = 'running'
  and stop_asked_at is null
returning *;

-- programmes.markRestarting, of a step
update ingest
set state = 'starting', fence = fence + 1, lease_until = null,
    advance_at = $1, advance_lease_until = $2,
    advance_fence = advance_fence + 1, start_by = deadline_at,
    programme = $3::jsonb,
    on_air = $4::jsonb,
    step_at = null, step_lease_until = null, step_fence = step_fence + 1,
    media_failures = '{}', failures_after = greatest(failures_after, media_at),
    empty_at = null, end_cause = null, changed_by = $5::jsonb
where task_id = $6 and fence = $7 and state = 'running'
  and stop_asked_at is null
  and step_fence = $8
returning *;

-- programmes.findSuccessor
select * from ingest
where successor_of = $1 and state in ('starting', 'running')
order by task_id desc
limit 1;

-- programmes.swapTasks
select * from ingest where task_id in ($1, $2)
order by task_id for update;

-- programmes.swapTasks
update ingest set robot_user_id = task_id, changed_by = $1::jsonb where task_id = $2;

-- programmes.swapTasks
with swapped as (
  update ingest
  set robot_user_id = case when (ingest.task_id = $1) then $2 else ingest.robot_user_id end,
      trtc_task_id = other.trtc_task_id, unsure_until = other.unsure_until, settled_at = other.settled_at, heard_at = other.heard_at, media_state = other.media_state, media_at = other.media_at, media_failures = other.media_failures, failures_after = other.failures_after, changed_by = $3::jsonb,
      on_air = case when (ingest.task_id = $1) then $4::jsonb else other.on_air end,
      step_at = case when (ingest.task_id = $1) then $5::timestamptz end,
      step_lease_until = null, step_fence = ingest.step_fence + 1, fence = ingest.fence + 1,
      state = case when (ingest.task_id = $1) then 'running' else 'stopping' end,
      end_reason = case when not (ingest.task_id = $1) then 'stopped' end,
      stop_asked_at = case when not (ingest.task_id = $1) then $6::timestamptz end,
      lease_until = case when not (ingest.task_id = $1) then $7::timestamptz end
  from ingest as other
  where (ingest.task_id = $1 and other.task_id = $8)
     or (ingest.task_id = $8 and other.task_id = $1)
  returning ingest.*
)
select * from swapped where task_id = $1;

-- programmes.swapTasks
update ingest set robot_user_id = $1, changed_by = $2::jsonb where task_id = $3
returning *;

-- scheduled.cancel, for another occurrence
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1 and state = 'starting' and advance_at is not null
     ),
     changed as (
       update ingest set state = 'ended', end_reason = $2, end_cause = $3,
            stop_asked_at = coalesce(stop_asked_at, $4), ended_at = $5, advance_at = null, occurrence = occurrence || $6::jsonb, notified = notified + case when true then 1 else 0 end + 0, changed_by = $7::jsonb
       where task_id = $1 and state = 'starting' and advance_at is not null
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- overlap.listOthers
select * from ingest
where sdk_app_id = $1 and room_id = $2 and room_id_type = $3
  and occurrence is not null and state <> 'ended' and task_id <> $4
  and (advance_at is null or started_at is not null or starts_at <= $5
       or advance_lease_until > $6)
order by starts_at, task_id;

-- overlap.askCut
update ingest
set stop_asked_at = $1, end_cause = 'cut', occurrence = occurrence || $2::jsonb, changed_by = $3::jsonb
where task_id = $4 and occurrence is not null and stop_asked_at is null
  and (state = 'running' or (state = 'starting' and advance_at is null))
returning *;

-- overlap.extend
update ingest
set deadline_at = greatest(deadline_at, least($1::timestamptz, latest_at)),
    step_at = case when state = 'running' then least(step_at, $2::timestamptz) else step_at end,
    changed_by = $3::jsonb
where task_id = $4 and state in ('starting', 'running') and stop_asked_at is null
returning *;

-- overlap.markPassedOver
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = any (array(
         select task_id from ingest
         where sdk_app_id = $1 and room_id = $2
           and room_id_type = $3 and state <> 'ended'
           and occurrence ->> 'scheduleId' = $4 and state = 'starting' and advance_at is not null and started_at is null
           and failure_code is null and starts_at <= $5
           and starts_at < (
             select max(starts_at) from ingest
             where sdk_app_id = $1 and room_id = $2
           and room_id_type = $3 and state <> 'ended'
           and occurrence ->> 'scheduleId' = $4 and starts_at <= $6
               and (advance_at is null or started_at is not null or start_by > $6)
           )
         order by task_id
         for update
       )) and state = 'starting' and advance_at is not null and started_at is null
           and failure_code is null
     ),
     changed as (
       update ingest set state = 'ended', end_reason = 'failed', end_cause = 'missed', ended_at = $6,
            advance_at = null, failure_code = $7, failure_message = $8, notified = notified + case when true then 1 else 0 end + 0, changed_by = $9::jsonb
       where task_id = any (array(
         select task_id from ingest
         where sdk_app_id = $1 and room_id = $2
           and room_id_type = $3 and state <> 'ended'
           and occurrence ->> 'scheduleId' = $4 and state = 'starting' and advance_at is not null and started_at is null
           and failure_code is null and starts_at <= $5
           and starts_at < (
             select max(starts_at) from ingest
             where sdk_app_id = $1 and room_id = $2
           and room_id_type = $3 and state <> 'ended'
           and occurrence ->> 'scheduleId' = $4 and starts_at <= $6
               and (advance_at is null or started_at is not null or start_by > $6)
           )
         order by task_id
         for update
       )) and state = 'starting' and advance_at is not null and started_at is null
           and failure_code is null
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- overlap.takeOver
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1
     ),
     changed as (
       update ingest set state = 'ended', end_reason = 'stopped', end_cause = 'cut',
              occurrence = occurrence || $2::jsonb,
              stop_asked_at = $3, ended_at = $4, lease_until = null, fence = fence + 1,
              step_at = null, step_lease_until = null, step_fence = step_fence + 1,
              trtc_task_id = null, unsure_until = null, settled_at = null, notified = notified + case when true then 1 else 0 end + 0, changed_by = $5::jsonb
       where task_id = $1
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- overlap.takeOver
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = $1
     ),
     changed as (
       update ingest set state = 'running', started_at = $2, latest_at = $3,
              robot_user_id = $4, trtc_task_id = $5,
              unsure_until = $6, settled_at = $7,
              heard_at = $8,
              advance_at = null, advance_lease_until = null, advance_fence = advance_fence + 1,
              lease_until = null, fence = fence + 1, failure_code = null, failure_message = null,
              empty_at = $2::timestamptz + empty_seconds * interval '1 second',
              media_state = $9,
              media_at = case when $10::boolean then null else $2::timestamptz end,
              media_failures = '{}', failures_after = $11,
              programme = $12::jsonb, on_air = $13::jsonb,
              play = play || $14::jsonb,
              step_at = $2, step_lease_until = $15, step_fence = step_fence + 1, notified = notified + case when true then 1 else 0 end + 0, changed_by = $16::jsonb
       where task_id = $1
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.started', $2::timestamptz,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures, on_air, case when (on_air ->> 'index')::int < 0 then programme -> 'leaving'
        else programme -> 'items' -> (on_air ->> 'index')::int end ->> 'Title' as item_title) as fact),
         greatest($2::timestamptz, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), $2::timestamptz + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- overlap.takeOver
update caller_place set task_id = $1
where caller_id = $2 and task_id = $3;

-- overlap.takeOver, within a budget
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now),
candidate as (
  select t.now as from_at, deadline_at as to_at, micro_usd_per_minute(prices, media) as per_minute
  from ingest cross join t where task_id = $2),
fitting as (
  select $3::text as scope,
         coalesce((select version from budget_turn where budget_turn.scope = $3), 0) as version
  from candidate cross join t
  cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
  cross join lateral spending($4::text, $5::bigint, $6::text[], t.now) as spending
  where month_usd_planned + month_cost <= $7::bigint),
turn as (
  insert into budget_turn as held (scope, version)
  select scope, version + 1 from fitting cross join t
  where (select count(*) from fitting) = 1 and true
  order by scope
  on conflict (scope) do update set version = excluded.version
    where held.version = excluded.version - 1
  returning scope
),
kept as (select (select count(*) from turn) = 1 as yes)
select yes from kept;

-- slots.take
with t as (select coalesce($1::timestamptz, clock_timestamp()) as now)
insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
select $2, $3, t.now + 5 * interval '1 millisecond', array[t.now], t.now, true from (select) as one_row, t
on conflict (account, action) do update
  set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
    select
      case when is_turn then greatest(
after.recent[cardinality(after.recent)] + 5 * interval '1 millisecond',
after.recent[cardinality(after.recent) - 19] + 1100 * interval '1 millisecond') else slot.next_free_at end,
      case when is_turn then after.recent else slot.recent end,
      case when is_turn then free_at
           when free_at + (come_at - now) <= now + $4 * interval '1 millisecond' then come_at end,
      is_turn,
      case when is_turn and $5::text is not null then ahead.holders || $5::text else ahead.holders end,
      case when is_turn and $5::text is not null then ahead.times || free_at else ahead.times end,
      case when queue_until > now then queue.holders || $5::text else queue.holders end,
      case when queue_until > now then queue.times || queue_until else queue.times end
    from (select
slot.recent || array(
  select slot.next_free_at - n * interval '1 millisecond'
  from generate_series(1100, 1, -55) as n
  where slot.next_free_at - n * interval '1 millisecond' >= coalesce(greatest(
slot.recent[cardinality(slot.recent)] + 5 * interval '1 millisecond',
slot.recent[cardinality(slot.recent) - 19] + 1100 * interval '1 millisecond'), '-infinity')
) as known, greatest(slot.next_free_at, coalesce($1::timestamptz, clock_timestamp())) as free_at, coalesce($1::timestamptz, clock_timestamp()) as now) as before
cross join lateral (
select coalesce(array_agg(holder order by at), '{}') as holders,
       coalesce(array_agg(at order by at), '{}') as times,
       count(*) filter (where holder = $5::text) as own,
       min(at) filter (where holder = $5::text) as own_first,
       array_agg(holder) as waiting
from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
where at > before.now) as ahead
cross join lateral (
select coalesce(array_agg(holder order by holder) filter (where holder is distinct from $5::text), '{}') as holders,
       coalesce(array_agg(until order by holder) filter (where holder is distinct from $5::text), '{}') as times,
       max(until) filter (where holder = $5::text) as own,
       array_agg(holder) as waiting
from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
where until > before.now) as queue
cross join lateral (
  select count(distinct holder) filter (where holder is distinct from $5::text) + 1 as callers
  from unnest(ahead.waiting || queue.waiting) as holder
) as waiting
cross join lateral (
  select $5::text is null or free_at <= now + 100 * interval '1 millisecond'
         or ahead.own < ceil(10.0 / callers) as is_turn,
         greatest(
           coalesce(case when not $6::boolean then queue.own end, now)
             + callers * 55 * interval '1 millisecond',
           ahead.own_first
         ) as come_at
) as decided
    cross join lateral (
      select (known || free_at)[cardinality(known) + 1 - 19 :] as recent
    ) as after
    cross join lateral (
      select case when not is_turn and not $6::boolean
                       and free_at + (come_at - now) <= now + $4 * interval '1 millisecond'
                  then come_at else queue.own end as queue_until
    ) as queued
  )
  where slot.next_free_at <= coalesce($1::timestamptz, clock_timestamp()) + $4 * interval '1 millisecond'
returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
          extract(epoch from coalesce($1::timestamptz, clock_timestamp())) * 1000 as database_now_ms;

-- schedules.read
select * from schedule where schedule_id = $1 and caller_id = $2;

-- schedules.findByName
select * from schedule
where caller_id = $1 and name = $2 and state <> 'Deleted';

-- schedules.findByToken
select * from schedule where caller_id = $1 and client_token = $2;

-- schedules.list
select * from schedule
where caller_id = $1 and state <> 'Deleted'
order by schedule_id desc
limit $2;

-- schedules.list, with every filter
select * from schedule
where caller_id = $1 and state <> 'Deleted' and sdk_app_id = $2 and room_id = $3 and room_id_type = $4 and name = $5 and state = $6 and schedule_id < $7
order by schedule_id desc
limit $8;

-- schedules.count
select count(*)::integer as count from schedule
where caller_id = $1 and state <> 'Deleted';

-- schedules.listInRoom
select * from schedule
where sdk_app_id = $1 and room_id = $2 and room_id_type = $3
  and caller_id = $4 and state = 'Enabled'
  and schedule_id is distinct from $5::text
order by schedule_id
limit $6;

-- schedules.listOccurrences
with latest as (
  select schedule.schedule_id, schedule.name, own.nominal_at
  from (select * from schedule where caller_id = $1) as schedule
  cross join lateral (
    select occurrence.nominal_at
    from occurrence
    where occurrence.schedule_id = schedule.schedule_id
    order by occurrence.nominal_at desc
    limit $2
  ) as own
  order by own.nominal_at desc, schedule.schedule_id desc
  limit $2
)
select occurrence.schedule_id, latest.name, occurrence.nominal_at, occurrence.starts_at, ends_at, local_start,
  occurrence.revision, occurrence.task_id, occurrence.settled_at,
  case
    when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then case when ingest.started_at is null then 'Skipped' else 'Cut' end
    when ingest.end_cause = 'missed' then 'Missed'
    when ingest.end_reason = 'failed' then 'Failed'
    when ingest.started_at is null then 'Skipped'
    else 'Done'
  end
    when occurrence.state = 'Planned' and ingest.started_at is not null then 'Running'
    else occurrence.state
  end as state,
  case when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then ingest.occurrence -> 'cut' ->> 'reason'
    when ingest.end_cause = 'missed' then 'Late'
    when ingest.end_reason = 'failed' then coalesce(ingest.failure_code, 'failed')
    when ingest.started_at is null then 'Stopped'
    else ingest.end_reason
  end else occurrence.reason end as reason,
  case when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then ingest.occurrence -> 'cut' ->> 'by'
    when ingest.end_reason = 'failed' then ingest.failure_message
  end else occurrence.detail end as detail,
  coalesce(ingest.started_at, occurrence.started_at) as started_at,
  coalesce(ingest.ended_at, occurrence.ended_at) as ended_at
from latest join occurrence using (schedule_id, nominal_at) left join ingest on ingest.task_id = occurrence.task_id
order by occurrence.nominal_at desc, occurrence.schedule_id desc;

-- schedules.listOccurrences, with every filter
with latest as (
  select schedule.schedule_id, schedule.name, own.nominal_at
  from (select * from schedule where caller_id = $1 and schedule_id = $2 and sdk_app_id = $3 and room_id = $4 and room_id_type = $5) as schedule
  cross join lateral (
    select occurrence.nominal_at
    from occurrence left join ingest on ingest.task_id = occurrence.task_id
    where occurrence.schedule_id = schedule.schedule_id and occurrence.nominal_at >= $6 and occurrence.nominal_at < $7 and case
    when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then case when ingest.started_at is null then 'Skipped' else 'Cut' end
    when ingest.end_cause = 'missed' then 'Missed'
    when ingest.end_reason = 'failed' then 'Failed'
    when ingest.started_at is null then 'Skipped'
    else 'Done'
  end
    when occurrence.state = 'Planned' and ingest.started_at is not null then 'Running'
    else occurrence.state
  end = $8 and occurrence.nominal_at <= $9
  and (occurrence.nominal_at, occurrence.schedule_id) < ($9, $10)
    order by occurrence.nominal_at desc
    limit $11
  ) as own
  order by own.nominal_at desc, schedule.schedule_id desc
  limit $11
)
select occurrence.schedule_id, latest.name, occurrence.nominal_at, occurrence.starts_at, ends_at, local_start,
  occurrence.revision, occurrence.task_id, occurrence.settled_at,
  case
    when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then case when ingest.started_at is null then 'Skipped' else 'Cut' end
    when ingest.end_cause = 'missed' then 'Missed'
    when ingest.end_reason = 'failed' then 'Failed'
    when ingest.started_at is null then 'Skipped'
    else 'Done'
  end
    when occurrence.state = 'Planned' and ingest.started_at is not null then 'Running'
    else occurrence.state
  end as state,
  case when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then ingest.occurrence -> 'cut' ->> 'reason'
    when ingest.end_cause = 'missed' then 'Late'
    when ingest.end_reason = 'failed' then coalesce(ingest.failure_code, 'failed')
    when ingest.started_at is null then 'Stopped'
    else ingest.end_reason
  end else occurrence.reason end as reason,
  case when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then ingest.occurrence -> 'cut' ->> 'by'
    when ingest.end_reason = 'failed' then ingest.failure_message
  end else occurrence.detail end as detail,
  coalesce(ingest.started_at, occurrence.started_at) as started_at,
  coalesce(ingest.ended_at, occurrence.ended_at) as ended_at
from latest join occurrence using (schedule_id, nominal_at) left join ingest on ingest.task_id = occurrence.task_id
order by occurrence.nominal_at desc, occurrence.schedule_id desc;

-- schedules.countOccurrences
select case
    when (occurrence.settled_at is null and ingest.state = 'ended') then case
    when ingest.end_cause = 'cut' then case when ingest.started_at is null then 'Skipped' else 'Cut' end
    when ingest.end_cause = 'missed' then 'Missed'
    when ingest.end_reason = 'failed' then 'Failed'
    when ingest.started_at is null then 'Skipped'
    else 'Done'
  end
    when occurrence.state = 'Planned' and ingest.started_at is not null then 'Running'
    else occurrence.state
  end as state, count(*)::integer as count
from occurrence left join ingest on ingest.task_id = occurrence.task_id
where occurrence.schedule_id = $1
group by 1;

-- schedules.transaction, insert
insert into schedule (
  schedule_id, caller_id, sdk_app_id, room_id, room_id_type, name, comment, state,
  paused_because, definition, client_token, request_hash, revision, tzdata, planned_until,
  plan_at, failures, notified, created_at, updated_at
) values (
  $1, $2, $3, $4,
  $5, $6, $7, $8,
  $9, $10::jsonb,
  $11, $12, 1, $13,
  $14, null, 0, $15, $16,
  $17
)
on conflict do nothing
returning *;

-- schedules.transaction, lock
select * from schedule
where schedule_id = $1 and caller_id = $2 and state <> 'Deleted'
for update;

-- schedules.transaction, update
update schedule
set name = $1, comment = $2, state = $3,
    paused_because = $4, sdk_app_id = $5,
    room_id = $6, room_id_type = $7,
    definition = $8::jsonb,
    revision = $9, failures = $10,
    updated_at = $11
where schedule_id = $12
  and not exists (
    select from schedule as other
    where other.caller_id = schedule.caller_id and other.name = $1
      and other.state <> 'Deleted' and other.schedule_id <> $12
  )
returning *;

-- schedules.transaction, useName
insert into used_signature (signature, used_at, request_hash, traces)
values ($1, $2, $3, '{}')
on conflict (signature) do nothing
returning 1;

-- schedules.transaction, useName
select request_hash, used_at from used_signature where signature = $1;

-- schedules.transaction, swapName
with former as (select request_hash from used_signature where signature = $1)
insert into used_signature (signature, used_at, request_hash, traces)
values ($1, $2, $3, '{}')
on conflict (signature) do update
set used_at = excluded.used_at, request_hash = excluded.request_hash
returning (select request_hash from former) as former;

-- schedules.transaction, claim
select * from schedule
where plan_at <= $1
order by plan_at
limit $2
for update skip locked;

-- schedules.transaction, readOpenOccurrences
select open.* from schedule cross join lateral (
  select occurrence.*, ingest.request_hash, ingest.occurrence as tag,
  ingest.programme -> 'anchor' as anchor,
  case when ingest.task_id is null then null
       when ingest.state = 'ended' then 'ended'
       when ingest.started_at is not null then 'begun'
       when ingest.state = 'starting' and ingest.advance_at is not null then 'waiting'
       when ingest.state = 'starting' then 'starting'
       else 'begun' end as phase from occurrence left join ingest on ingest.task_id = occurrence.task_id
  where occurrence.schedule_id = schedule.schedule_id and occurrence.settled_at is null
  union all
  select occurrence.*, ingest.request_hash, ingest.occurrence as tag,
  ingest.programme -> 'anchor' as anchor,
  case when ingest.task_id is null then null
       when ingest.state = 'ended' then 'ended'
       when ingest.started_at is not null then 'begun'
       when ingest.state = 'starting' and ingest.advance_at is not null then 'waiting'
       when ingest.state = 'starting' then 'starting'
       else 'begun' end as phase from occurrence left join ingest on ingest.task_id = occurrence.task_id
  where occurrence.schedule_id = schedule.schedule_id and occurrence.settled_at is not null
    and nominal_at >= least(schedule.planned_until, $1::timestamptz)
) as open
where schedule.schedule_id = any($2::text[])
order by open.schedule_id, open.nominal_at;

-- schedules.transaction, insertStarts
with changed as (
       insert into ingest (task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, starts_at, start_by, asked, advance_at, advance_lease_until, notified, created_by)
       select task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id, play, client_token, request_hash, state, created_at, latest_at, deadline_at, site, empty_seconds, media, prices, programme, on_air, successor_of, occurrence, starts_at, start_by, asked, advance_at, advance_lease_until, notified, $1::jsonb from jsonb_to_recordset($2::jsonb) as start (task_id text, caller_id text, account text, region text, sdk_app_id bigint, room_id text, room_id_type smallint, robot_user_id text, play jsonb, client_token text, request_hash text, state text, created_at timestamptz, latest_at timestamptz, deadline_at timestamptz, site text, empty_seconds integer, media jsonb, prices jsonb, programme jsonb, on_air jsonb, successor_of text, occurrence jsonb, starts_at timestamptz, start_by timestamptz, asked jsonb, advance_at timestamptz, advance_lease_until timestamptz, notified integer)
       where not exists (
         select from ingest as ended
         where ended.sdk_app_id = start.sdk_app_id and ended.robot_user_id = start.robot_user_id
           and ended.state = 'ended' and ended.unsure_until is not null
       )
       order by robot_user_id
       on conflict do nothing
       returning *
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select task_id, notified, caller_id, 'ingest.scheduled', created_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(created_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), created_at + interval '1 day'
       from changed
       where notified is not null)
     select task_id from changed;

-- schedules.transaction, cancelStarts
with
     before_change as (
       select task_id, case when true then 1 else 0 end as news, 0 as next_news
       from ingest where task_id = any($1::text[]) and state = 'starting' and advance_at is not null and started_at is null
     ),
     changed as (
       update ingest set state = 'ended', end_reason = 'stopped', end_cause = 'schedule',
            stop_asked_at = coalesce(stop_asked_at, $2), ended_at = $3, advance_at = null, notified = notified + case when true then 1 else 0 end + 0, changed_by = $4::jsonb
       where task_id = any($1::text[]) and state = 'starting' and advance_at is not null and started_at is null
       returning ingest.*
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select task_id, notified - next_news, caller_id, 'ingest.ended', ended_at,
         (select to_jsonb(fact) from (select trtc_task_id, sdk_app_id, room_id, room_id_type, robot_user_id, state, end_reason, failure_code, failure_message, end_cause, starts_at, started_at, stop_asked_at, deadline_at, due_at, ended_at, paused_at, empty_seconds, occurrence, media, prices, cardinality(media_failures) as failures) as fact),
         greatest(ended_at, (
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)), ended_at + interval '1 day'
  from changed join before_change using (task_id)
  where notified is not null and news > 0
       on conflict (task_id, position) do nothing
     )
     select * from changed;

-- schedules.transaction, writeOccurrences
insert into occurrence (schedule_id, nominal_at, starts_at, ends_at, local_start, revision, state, task_id, reason, detail)
select schedule_id, nominal_at, starts_at, ends_at, local_start, revision, state, task_id, reason, detail from jsonb_to_recordset($1::jsonb) as planned (schedule_id text, nominal_at timestamptz, starts_at timestamptz, ends_at timestamptz, local_start text, revision bigint, state text, task_id text, reason text, detail text)
on conflict (schedule_id, nominal_at) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at, local_start = excluded.local_start, revision = excluded.revision, state = excluded.state, task_id = excluded.task_id, reason = excluded.reason, detail = excluded.detail
where occurrence.settled_at is null;

-- schedules.transaction, dropOccurrences
delete from occurrence
using jsonb_to_recordset($1::jsonb) as dropped (schedule_id text, nominal_at timestamptz)
where occurrence.schedule_id = dropped.schedule_id
  and occurrence.nominal_at = dropped.nominal_at and occurrence.settled_at is null;

-- schedules.transaction, markPlanned
update schedule
set planned_until = planned.planned_until, plan_at = planned.plan_at,
    revision = planned.revision, tzdata = planned.tzdata,
    notified = coalesce(schedule.notified, planned.notified)
from jsonb_to_recordset($1::jsonb) as planned (
  schedule_id text, planned_until timestamptz, plan_at timestamptz, revision bigint,
  tzdata text, notified integer
)
where schedule.schedule_id = planned.schedule_id;

-- schedules.planAgain
update schedule set plan_at = $1
where state = 'Enabled' and tzdata < $2 and plan_at > $1;

-- schedules.readDuties
select exists (select from schedule where plan_at <= $1) as plan,
exists (
  select from schedule where state = 'Enabled' and tzdata < $2 and plan_at > $1
) as outdated,
exists (
  select from occurrence left join ingest on ingest.task_id = occurrence.task_id
  where occurrence.starts_at <= $1 and occurrence.settled_at is null
and (occurrence.state <> 'Planned' or ingest.state = 'ended')
) as settle,
exists (select from occurrence where settled_at < $3)
  or exists (select from schedule where state = 'Deleted' and updated_at < $3) as forget;

-- schedules.settle
with due as (
       select occurrence.schedule_id, occurrence.nominal_at, occurrence.task_id,
              occurrence.state as decided, ingest.started_at, ingest.ended_at,
              case when occurrence.state = 'Planned' then case
         when ingest.end_cause = 'cut' then case when ingest.started_at is null then 'Skipped' else 'Cut' end
         when ingest.end_cause = 'missed' then 'Missed'
         when ingest.end_reason = 'failed' then 'Failed'
         when ingest.started_at is null then 'Skipped'
         else 'Done'
       end else occurrence.state end as state,
              case when occurrence.state = 'Planned' then case
         when ingest.end_cause = 'cut' then ingest.occurrence -> 'cut' ->> 'reason'
         when ingest.end_cause = 'missed' then 'Late'
         when ingest.end_reason = 'failed' then coalesce(ingest.failure_code, 'failed')
         when ingest.started_at is null then 'Stopped'
         else ingest.end_reason
       end else occurrence.reason end as reason,
              case when occurrence.state = 'Planned' then case
         when ingest.end_cause = 'cut' then ingest.occurrence -> 'cut' ->> 'by'
         when ingest.end_reason = 'failed' then ingest.failure_message
       end else occurrence.detail end as detail
       from occurrence left join ingest on ingest.task_id = occurrence.task_id
       where occurrence.starts_at <= $1 and occurrence.settled_at is null
       and (occurrence.state <> 'Planned' or ingest.state = 'ended')
       order by occurrence.starts_at
       limit $2
     ),
     locked as (
       select schedule_id, state, failures,
              coalesce((definition ->> 'pauseAfterFailures')::integer, 0) as pause_after
       from schedule
       where schedule_id = any (array(select schedule_id from due))
       for update skip locked
     ),
     settled as (
       update occurrence
       set state = due.state, reason = due.reason, detail = due.detail,
           started_at = due.started_at, ended_at = due.ended_at, settled_at = $1
       from due join locked using (schedule_id)
       where occurrence.schedule_id = due.schedule_id and occurrence.nominal_at = due.nominal_at
         and occurrence.task_id is not distinct from due.task_id
         and occurrence.state = due.decided and occurrence.settled_at is null
       returning occurrence.*
     ),
     played as (
       select schedule_id, max(starts_at) as played_at from settled where state in ('Done', 'Cut')
       group by schedule_id
     ),
     totals as (
       select schedule_id, bool_or(played_at is not null) as has_played,
              count(*) filter (where state = 'Missed')::integer as missed,
              count(*) filter (
                where state = 'Failed' and coalesce(starts_at > played_at, true)
              )::integer as failed
       from settled left join played using (schedule_id)
       group by schedule_id
     ),
     counts as (
       select totals.*, case when locked.state = 'Enabled' and pause_after > 0
         and failed + case when has_played then 0 else locked.failures end >= pause_after then 1 else 0 end as pausing
       from totals join locked using (schedule_id)
     ),
     counted as (
       update schedule
       set failures = failed + case when has_played then 0 else failures end,
           notified = notified + missed + pausing,
           state = case pausing when 1 then 'Paused' else state end,
           paused_because = case pausing when 1 then 'Failures' else paused_because end,
           revision = revision + pausing,
           updated_at = case pausing when 1 then $1::timestamptz else updated_at end,
           plan_at = case when pausing = 1 or exists (
         select from occurrence as pending
         where pending.schedule_id = schedule.schedule_id and pending.settled_at is null
           and pending.state = 'Planned' and pending.task_id is null
       ) then $1::timestamptz else plan_at end
       from counts
       where schedule.schedule_id = counts.schedule_id
       returning schedule.*, missed, pausing
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select counted.schedule_id, notified - pausing - missed + row_number() over (partition by counted.schedule_id order by settled.nominal_at), caller_id, 'schedule.missed', $1::timestamptz,
         (select to_jsonb(fact) from (select counted.schedule_id, counted.name, sdk_app_id, room_id, room_id_type, settled.nominal_at, settled.ends_at, settled.reason, settled.detail) as fact),
         $1::timestamptz, $1::timestamptz + interval '1 day'
       from counted join settled using (schedule_id)
       where notified is not null and settled.state = 'Missed'
union all
select counted.schedule_id, notified, caller_id, 'schedule.paused', $1::timestamptz,
         (select to_jsonb(fact) from (select counted.schedule_id, counted.name, sdk_app_id, room_id, room_id_type, failures, paused_because as reason, (
           select settled.reason from settled
           where settled.schedule_id = counted.schedule_id and settled.state = 'Failed'
           order by settled.starts_at desc limit 1
         ) as failure_code, (
           select settled.detail from settled
           where settled.schedule_id = counted.schedule_id and settled.state = 'Failed'
           order by settled.starts_at desc limit 1
         ) as detail) as fact),
         $1::timestamptz, $1::timestamptz + interval '1 day'
       from counted where notified is not null and pausing = 1
       on conflict (task_id, position) do nothing
     )
     select state, count(*)::integer as count from settled group by state
     union all
     select 'Paused', sum(pausing)::integer from counted having sum(pausing) > 0;

-- schedules.forgetOccurrences
with forgotten as (
  delete from occurrence
  where (schedule_id, nominal_at) in (
    select schedule_id, nominal_at from occurrence
    where settled_at < $1
    order by settled_at
    limit $2
    for update skip locked
  )
  returning schedule_id
)
select count(*)::integer as count from forgotten;

-- schedules.forget
delete from schedule
where schedule_id in (
  select schedule_id from schedule
  where state = 'Deleted' and updated_at < $1
    and not exists (
      select from occurrence where occurrence.schedule_id = schedule.schedule_id
    )
  order by updated_at
  limit $2
  for update skip locked
);

-- beginAnew
update ingest set
  heard_at = case when state = 'running' then null else heard_at end,
  lease_until = case when lease_until > $1::timestamptz + interval '1 hour' then $1 else lease_until end,
  advance_lease_until = case when advance_lease_until > $1::timestamptz + interval '1 hour' then $1 else advance_lease_until end,
  unsure_until = case when unsure_until > $1::timestamptz + interval '1 hour' then $1 else unsure_until end
where task_id in (
  select task_id from ingest where state <> 'ended' or unsure_until is not null
  order by task_id for update
);

-- beginAnew
update outbox set try_at = $1, give_up_at = $1::timestamptz + interval '1 day'
where dead_at is null and give_up_at > $1::timestamptz + interval '1 day' + interval '1 hour';

-- beginAnew
update ingest set deadline_at = $1, changed_by = $2::jsonb
where task_id in (
  select task_id from ingest
  where state in ('starting', 'running') and programme is not null
    and started_at > $1::timestamptz + interval '1 hour'
  order by task_id for update
);

-- beginAnew
delete from room_audience where event_at > $1::timestamptz + interval '1 hour';

-- beginAnew
delete from unclaimed_task where last_seen_at > $1::timestamptz + interval '1 hour';

-- beginAnew
select task_id from occurrence
where task_id is not null and nominal_at > $1 and (state, reason) is distinct from ('Skipped', 'Asked')
  and schedule_id in (select schedule_id from schedule where state <> 'Deleted' and planned_until > $1::timestamptz + interval '1 day 1 minute');

-- beginAnew
with early as (
  update schedule
  set planned_until = $1, plan_at = case when state = 'Enabled' then $1::timestamptz end,
      revision = revision + 1
  where schedule_id in (
    select schedule_id from schedule where state <> 'Deleted' and planned_until > $1::timestamptz + interval '1 day 1 minute' order by schedule_id for update
  )
  returning schedule_id
)
delete from occurrence
where nominal_at > $1 and (state, reason) is distinct from ('Skipped', 'Asked') and schedule_id in (select schedule_id from early);

-- ingestsOfTasks
select * from ingest where trtc_task_id = any($1::text[]);

-- health.markTimerRun
with mark as (
  insert into timer_run (function, ran_at, failures)
  values ($1, now(), $2::boolean::int)
  on conflict (function) do update
  set ran_at = now(),
      gap_ms = (extract(epoch from now() - timer_run.ran_at) * 1000)::bigint,
      gaps_ms = ((extract(epoch from now() - timer_run.ran_at) * 1000)::bigint || timer_run.gaps_ms)[1 : 5],
      failures = case when $3 then timer_run.failures + 1 else 0 end
)
insert into trtc_call (account, action, code, answered_at)
select account, action, nullif(code, ''), now() - ms * interval '1 millisecond'
from unnest($4::text[], $5::text[], $6::text[], $7::float8[])
  as last (account, action, code, ms)
order by account, action
on conflict (account, action) do update
set code = excluded.code, answered_at = excluded.answered_at
where trtc_call.answered_at <= excluded.answered_at;

-- health.read
select migration, migrated_ms, function, gaps_ms::float8[] as gaps_ms, failures,
       (extract(epoch from now() - ran_at) * 1000)::float8 as age_ms
from (
  select max(version)::int as migration,
         (extract(epoch from now() - max(applied_at)) * 1000)::float8 as migrated_ms
  from schema_migration
) as migrated
left join timer_run on true
order by function;

-- readBudgets
select budget, caller_id, sdk_app_id, most, spent
from budget_standing cross join budget_period(now()) as present
where period = case budget when 'MonthlyUsd' then present.month else present.day end
  and watched_at > now() - interval '30 minutes'
order by spent::float8 / greatest(most, 1) desc, scope, budget
limit $1;

-- readCounts
select name, label, sum(value)::float8 as value, sum(total_ms)::float8 as total_ms
from metric_count group by name, label order by name, label;

-- readSpending
select coalesce(sum(played_ms), 0)::float8 as played_ms,
       coalesce(sum(micro_usd), 0)::float8 as micro_usd
from spend_count;

-- readSlotUse
select account, action,
       (select count(*) from unnest(recent) as at
        where at > t.now - interval '1 second' and at <= t.now)::int as used,
       greatest(0, extract(epoch from next_free_at - t.now) * 1000)::float8 as wait_ms
from call_slot cross join (select clock_timestamp() as now) as t
order by account, action;

-- readTrtcAnswers
select account, action, code,
       (extract(epoch from now() - answered_at) * 1000)::float8 as ago_ms
from trtc_call
order by account, action;

-- readBacklog
with live as (
  select *, state in ('running', 'stopping')
            and least(due_at, empty_at) < now() - $1 * interval '1 millisecond' as is_overdue
  from ingest where state <> 'ended'
)
select count(*)::int as live,
       count(*) filter (where state in ('running', 'stopping') and successor_of is null)::int
         as running,
       count(*) filter (where state = 'starting' and (advance_at is not null and started_at is null))::int as scheduled,
       count(*) filter (where state = 'starting' and not (advance_at is not null and started_at is null)
         and successor_of is null)::int as starting,
       count(*) filter (where is_overdue)::int as overdue,
       coalesce(
         extract(epoch from max(now() - least(due_at, empty_at)) filter (where is_overdue)) * 1000, 0
       )::float8 as oldest_overdue_ms,
       count(*) filter (where state = 'starting'
         and advance_at < now() - $2 * interval '1 millisecond')::int as late_starts,
       count(*) filter (where state = 'running' and paused_at is null
         and step_at < now() - $3 * interval '1 millisecond')::int as late_steps,
       count(*) filter (where state = 'starting' and lease_until < now())::int as unfinished,
       (select count(*) from unclaimed_task
        where ended_at is null and first_seen_at < now() - $4 * interval '1 millisecond')::int as unclaimed,
       (select count(*) from schedule where plan_at < now() - interval '5 minutes')::int
         as late_schedules
from live;

-- readDeliveries
select (select count(*) from outbox where dead_at is null)::int as waiting,
(select coalesce(extract(epoch from max(now() - try_at)) * 1000, 0) from outbox
 where dead_at is null and try_at < now())::float8 as oldest_due_ms,
(select coalesce(extract(epoch from max(now() - happened_at)) * 1000, 0) from outbox
 where dead_at is null)::float8 as oldest_ms,
(select count(*) from dead_letter where replayed_at is null)::int as dead_letters,
(select coalesce(extract(epoch from max(now() - received_at)) * 1000, 0)
 from dead_letter where replayed_at is null)::float8 as oldest_dead_letter_ms;

-- readDeliveries
select caller_id, count(*)::int as waiting,
       (extract(epoch from max(now() - happened_at)) * 1000)::float8 as oldest_ms
from outbox where dead_at is null
group by caller_id having bool_or((attempts > 1 or (attempts = 1 and try_at <= now() + interval '5 seconds')))
order by waiting desc, caller_id
limit $1;

-- countGivenUp
select count(*)::int as given_up from outbox where dead_at is not null;

-- readHealth
select current_setting('server_version') as version,
current_setting('server_version_num')::int as version_number,
current_setting('max_connections')::int as connections_max,
(extract(epoch from current_setting('statement_timeout')::interval) * 1000)::float8
  as statement_timeout_ms,
(select sum(numbackends) from pg_stat_database)::int as connections_used,
(extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms;

-- readHealth
select relname, pg_total_relation_size(oid)::float8 as bytes,
       greatest(0, reltuples)::float8 as rows
from pg_class where oid = any (
  select to_regclass(name) from unnest($1::text[]) as name
)
order by bytes desc, relname;

-- readLacking
select privilege || ' on ' || name as lacking
from unnest($1::text[], $2::text[]) with ordinality as needed (name, privilege, position)
where to_regclass(name) is not null and not has_table_privilege(to_regclass(name), privilege)
order by position;

-- readReport
select count(*) filter (where started_at is not null) as started,
       count(*) filter (where end_reason = 'failed' and started_at is null) as failed,
       count(*) filter (where settled_at is not null and state <> 'starting') as settled
from ingest
where successor_of is null and ($1::text is null or caller_id = $1) and ($2::bigint is null or sdk_app_id = $2) and created_at >= $3 and (state <> 'ended' or state = 'ended' and unsure_until is null and ended_at >= $3
  or state = 'ended' and unsure_until is not null and ended_at >= $3);

-- readReport
select count(*) filter (where state <> 'starting') as running,
       count(*) filter (where state = 'starting' and advance_at is not null) as scheduled,
       count(*) filter (where state <> 'starting' and due_at <= $1) as overdue,
       max(extract(epoch from $1 - due_at) * 1000) filter (where state <> 'starting' and due_at <= $1) as overdue_max_ms,
       count(*) filter (where state = 'starting' and advance_at is null
    and (coalesce(lease_until <= $1, true) or settled_at is not null)) as unsettled,
       max(extract(epoch from $1 - created_at) * 1000) filter (where state = 'starting' and advance_at is null
    and (coalesce(lease_until <= $1, true) or settled_at is not null)) as unsettled_max_ms,
       coalesce(sum(micro_usd(ms_between(started_at, $1), micro_usd_per_minute(prices, media))), 0) as micro_usd,
       coalesce(sum(micro_usd(ms_between(started_at, greatest($1, deadline_at)), micro_usd_per_minute(prices, media))), 0) as micro_usd_to_deadline
from ingest
where successor_of is null and ($2::text is null or caller_id = $2) and ($3::bigint is null or sdk_app_id = $3) and state <> 'ended';

-- readReport
select end_reason, count(*) as count,
       coalesce(sum(extract(epoch from ended_at - started_at)) / 60, 0) as minutes,
       coalesce(sum(micro_usd(ms_between(started_at, ended_at), micro_usd_per_minute(prices, media))), 0) as micro_usd,
       count(*) filter (where answered <= 1000) as on_time,
percentile_disc(0.5) within group (order by asked) as asked_p50_ms,
percentile_disc(0.99) within group (order by asked) as asked_p99_ms,
max(asked) as asked_max_ms,
percentile_disc(0.5) within group (order by answered) as answered_p50_ms,
percentile_disc(0.99) within group (order by answered) as answered_p99_ms,
max(answered) as answered_max_ms
from (
  select end_reason, started_at, ended_at, prices, media,
         case when end_reason = 'expired'
              then extract(epoch from stop_asked_at - deadline_at) * 1000 end as asked,
         case when end_reason in ('expired', 'stopped') and stop_asked_at is not null
              then extract(epoch from ended_at - due_at) * 1000 end as answered
  from ingest
  where successor_of is null and ($1::text is null or caller_id = $1) and ($2::bigint is null or sdk_app_id = $2) and (state = 'ended' and unsure_until is null and ended_at >= $3
  or state = 'ended' and unsure_until is not null and ended_at >= $3)
) as ended
group by end_reason
order by count(*) desc, end_reason;

-- listForOperator, live
select * from ingest
where state <> 'ended' and successor_of is null
order by task_id desc
limit $1;

-- listForOperator, each filter
select * from ingest
where state = 'ended' and successor_of is null and caller_id = $1 and sdk_app_id = $2 and room_id = $3 and task_id = any($4::text[]) and task_id < $5
order by task_id desc
limit $6;

-- listForOperator, in trouble
select * from ingest
where state <> 'ended' and successor_of is null and (
  (state <> 'starting' and least(due_at, empty_at) <= $1)
  or (state = 'starting' and advance_at is null and created_at <= $2)
  or (state = 'starting' and advance_at <= $1)
  or (state = 'starting' and failure_code is not null)
  or media_state in ('retrying', 'failed')
  or on_air ->> 'source' <> 'primary'
  or (state = 'running' and step_at <= $1)
  or unsure_until > $3
)
order by task_id desc
limit $4;

-- listForOperator, failed
select * from ingest
where state = 'ended' and successor_of is null and end_reason in ('failed', 'lost')
order by task_id desc
limit $1;

-- listForOperator, failed of an application
select * from ingest
where state = 'ended' and successor_of is null and sdk_app_id = $1 and end_reason in ('failed', 'lost')
order by task_id desc
limit $2;

-- listForOperator, failed of a caller
with recursive callers (id) as (
  (select caller_id from ingest order by caller_id limit 1)
  union all
  select (select caller_id from ingest where caller_id > callers.id order by caller_id limit 1)
  from callers where callers.id is not null
)
select own.* from callers
cross join unnest(array['failed', 'lost']) as reasons (reason)
cross join lateral (
  select * from ingest
  where caller_id = callers.id and state = 'ended' and successor_of is null and caller_id = $1 and end_reason in ('failed', 'lost')
    and end_reason = reasons.reason
  order by task_id desc
  limit $2
) as own
order by task_id desc
limit $2;

-- listForOperator, ended of an application
with recursive callers (id) as (
  (select caller_id from ingest order by caller_id limit 1)
  union all
  select (select caller_id from ingest where caller_id > callers.id order by caller_id limit 1)
  from callers where callers.id is not null
)
select own.* from callers
cross join lateral (
  select * from ingest
  where caller_id = callers.id and state = 'ended' and successor_of is null and sdk_app_id = $1
  order by task_id desc
  limit $2
) as own
order by task_id desc
limit $2;

-- listForOperator, ended in a room
with recursive callers (id) as (
  (select caller_id from ingest order by caller_id limit 1)
  union all
  select (select caller_id from ingest where caller_id > callers.id order by caller_id limit 1)
  from callers where callers.id is not null
)
select own.* from callers
cross join lateral (
  select * from ingest
  where caller_id = callers.id and state = 'ended' and successor_of is null and room_id = $1
  order by task_id desc
  limit $2
) as own
order by task_id desc
limit $2;

-- costsForOperator
select to_char(day, 'YYYY-MM-DD') as day, sum(micro_usd) as micro_usd,
       sum(played_ms) as played_ms, sum(ingests) as ingests
from spend_day
where day >= $1::date and caller_id = $2 and sdk_app_id = $3
group by day
order by day;

-- readForOperator
select * from ingest where task_id = any($1::text[]) and successor_of is null;

-- countForOperator
select count(*)::integer as live,
       (count(*) filter (where (
  (state <> 'starting' and least(due_at, empty_at) <= $1)
  or (state = 'starting' and advance_at is null and created_at <= $2)
  or (state = 'starting' and advance_at <= $1)
  or (state = 'starting' and failure_code is not null)
  or media_state in ('retrying', 'failed')
  or on_air ->> 'source' <> 'primary'
  or (state = 'running' and step_at <= $1)
  or unsure_until > $3
)))::integer as troubled
from ingest
where state <> 'ended' and successor_of is null and caller_id = $4 and sdk_app_id = $5 and room_id = $6;

-- listSchedulesForOperator
select * from schedule
where state <> 'Deleted' and caller_id = $1 and sdk_app_id = $2 and room_id = $3 and state = $4 and schedule_id < $5
order by schedule_id desc
limit $6;

-- movableIngests
select task_id as id, md5(ingest::text) as digest from ingest
     where account = $1 and ingest.successor_of is null
and not exists (select from ingest as next where next.successor_of = ingest.task_id)
and (
  (ingest.state = 'ended' and ingest.unsure_until is null)
  or (
    (ingest.state = 'running' or (
      ingest.state = 'starting' and ingest.started_at is null and ingest.advance_at is not null
    ))
    and coalesce(greatest(lease_until, advance_lease_until, step_lease_until) <= now(), true)
    and least(due_at, empty_at, advance_at, step_at) > now() + $2 * interval '1 second'
  )
) order by task_id limit 100;

-- movableIngests
delete from outbox where task_id = any($1::text[]);

-- movableIngests
delete from ingest_event where task_id = any($1::text[]);

-- movableIngests
delete from ingest where task_id = any($1::text[]);

-- movableIngests
select to_jsonb(moved)::text as row from ingest as moved where task_id = any($1::text[]);

-- movableIngests
select attname from pg_attribute
where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''
order by attnum;

-- movableIngests
insert into ingest (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(null::ingest, sent.row::jsonb || $2::jsonb);

-- movableIngests
select to_jsonb(moved)::text as row from ingest_event as moved where task_id = any($1::text[]);

-- movableIngests
insert into ingest_event (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(null::ingest_event, sent.row::jsonb || $2::jsonb);

-- movableIngests
select to_jsonb(moved)::text as row from outbox as moved where task_id = any($1::text[]);

-- movableIngests
insert into outbox (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(null::outbox, sent.row::jsonb || $2::jsonb);

-- movableIngests
with gone as (
  delete from ingest using unnest($1::text[], $2::text[]) as moved (id, digest)
  where task_id = moved.id and md5(ingest::text) = moved.digest
  returning task_id
),
events as (delete from ingest_event using gone where ingest_event.task_id = gone.task_id),
notifications as (delete from outbox using gone where outbox.task_id = gone.task_id)
select task_id as id from gone;

-- movableIngests
update ingest set advance_lease_until = null, step_lease_until = null
where task_id = any($1::text[]) and advance_lease_until = $2;

-- settleHeld
select task_id as id from ingest where account = $1 and advance_lease_until = $2;

-- settleHeld
select task_id as id from ingest where task_id = any($1::text[]);

-- countLeft
select count(*) filter (where state = 'ended')::integer as ended,
       count(*) filter (where state <> 'ended')::integer as live,
       (select count(*)::integer from schedule where sdk_app_id = any($1::bigint[])) as schedules
from ingest where account = $2;

-- movableSchedules
select schedule_id as id, md5(schedule::text || coalesce((
  select string_agg(occurrence::text, '' order by nominal_at) from occurrence
  where occurrence.schedule_id = schedule.schedule_id
), '')) as digest from schedule
       where sdk_app_id = any($1::bigint[]) order by schedule_id limit 20;

-- movableSchedules
delete from occurrence where schedule_id = any($1::text[]);

-- movableSchedules
delete from schedule where schedule_id = any($1::text[]);

-- movableSchedules
select to_jsonb(moved)::text as row from schedule as moved where schedule_id = any($1::text[]);

-- movableSchedules
insert into schedule (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(null::schedule, sent.row::jsonb || $2::jsonb);

-- movableSchedules
select to_jsonb(moved)::text as row from occurrence as moved where schedule_id = any($1::text[]);

-- movableSchedules
insert into occurrence (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(null::occurrence, sent.row::jsonb || $2::jsonb);

-- movableSchedules
select from schedule where schedule_id = any($1::text[]) for update;

-- movableSchedules
select schedule_id as id from schedule
         join unnest($1::text[], $2::text[]) as moved (id, digest) on schedule_id = moved.id
         where md5(schedule::text || coalesce((
  select string_agg(occurrence::text, '' order by nominal_at) from occurrence
  where occurrence.schedule_id = schedule.schedule_id
), '')) = moved.digest;

-- movableSchedules
update schedule set plan_at = now()
where schedule_id = any($1::text[]) and state = 'Enabled' and plan_at is null;

-- planHeld
select schedule_id as id from schedule
where sdk_app_id = any($1::bigint[]) and state = 'Enabled' and plan_at is null;

-- planHeld
select schedule_id as id from schedule where schedule_id = any($1::text[]);

-- copyAudience
select to_jsonb(known)::text as row from room_audience as known where sdk_app_id = any($1::bigint[]);

-- copyAudience
insert into room_audience (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(null::room_audience, sent.row::jsonb)
on conflict do nothing;

-- copySpending
select coalesce(sum(played_ms), 0)::float8 as ms, coalesce(sum(micro_usd), 0)::float8 as usd
from spend_day
where sdk_app_id = any($1::bigint[]) and shard >= 16;

-- copySpending
select to_jsonb(known)::text as row from spend_day as known where sdk_app_id = any($1::bigint[]);

-- copySpending
insert into spend_day (task_id, created_by)
select task_id, created_by from unnest($1::text[]) as sent (row)
cross join lateral jsonb_populate_record(
  null::spend_day,
  sent.row::jsonb || jsonb_build_object('shard', (sent.row::jsonb ->> 'shard')::integer + 16)
)
on conflict (caller_id, day, sdk_app_id, shard) do update set
  ingests = excluded.ingests, played_ms = excluded.played_ms, micro_usd = excluded.micro_usd;

-- copySpending
select count_spend($1, $2);

-- dropSpending
delete from spend_day where to_jsonb(spend_day)::text = any($1::text[]);

-- readVersion
select coalesce(max(version), 0)::int as version,
       coalesce(
         max(coalesce((to_jsonb(applied) ->> 'works_with')::int, version))
           filter (where version > $1),
         0)::int as works_with
from schema_migration as applied;

-- migrate
set local statement_timeout = 0;

-- migrate
set local lock_timeout = 0;

-- migrate
select pg_try_advisory_xact_lock($1) as entered;

-- migrate
select pg_advisory_xact_lock($1);

-- migrate
set local lock_timeout = 3000;

-- migrate
select exists (
  select from pg_attribute
  where attrelid = to_regclass('schema_migration') and attname = 'works_with'
) as complete;

-- migrate
create table if not exists schema_migration (
  version     integer primary key,
  name        text not null,
  applied_at  timestamptz not null default now()
);

-- migrate
alter table schema_migration add column works_with integer;

-- migrate
update schema_migration set works_with = $1 where version = $2;

-- migrate
select 1;

-- migrate
insert into schema_migration (version, name, works_with)
values ($1, $2, $3);
