/** What was played and spent since then, for metrics. It never falls, also when old days are deleted. */
export const spendCounts = `
-- The sum of its rows counts. Statements at the same time count on different rows.
create table spend_count (
  shard      bigint primary key,
  played_ms  bigint not null,
  micro_usd  bigint not null
) with (fillfactor = 50);

-- As count_metric: it takes a row that no other statement holds, or adds one, and never waits.
create function count_spend(ms bigint, usd bigint) returns void language plpgsql as $$
begin
  update spend_count set played_ms = played_ms + ms, micro_usd = micro_usd + usd
  where shard = (select shard from spend_count limit 1 for no key update skip locked);
  if not found then
    insert into spend_count (shard, played_ms, micro_usd) values ((random() * 1e15)::bigint, ms, usd);
  end if;
end
$$;

create function count_new_spend_day() returns trigger language plpgsql as $$
begin
  perform count_spend(new.played_ms, new.micro_usd);
  return null;
end
$$;

create function count_changed_spend_day() returns trigger language plpgsql as $$
begin
  perform count_spend(new.played_ms - old.played_ms, new.micro_usd - old.micro_usd);
  return null;
end
$$;

create trigger spend_day_added after insert on spend_day for each row
  execute function count_new_spend_day();

create trigger spend_day_changed after update on spend_day for each row
  execute function count_changed_spend_day();
`;
