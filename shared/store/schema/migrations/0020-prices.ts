/**
 * What an ingest costs. shared/ingest/cost.ts has the same rules, and a test compares them. The
 * default is the price list of 2026-08-21, for rows of code that knows no prices.
 */
export const prices = `
-- Micro-USD for one minute, by tier, from the start of the ingest on. Of: the date of the price list.
alter table ingest add column prices jsonb not null default '{"Of":"2026-08-21","Audio":2980,"HD":6980,"FullHD":14980,"2K":26980,"4K":70980}';

create function media_tier(media jsonb) returns text language sql immutable as $$
  select case
    when media is null or jsonb_typeof(media) <> 'object' then 'Unknown'
    when jsonb_typeof(media -> 'Video') is distinct from 'object' then 'Audio'
    when size.width is null or size.height is null then 'Unknown'
    when greatest(size.width, size.height) <= 1280 and least(size.width, size.height) <= 720 then 'HD'
    when greatest(size.width, size.height) <= 1920 and least(size.width, size.height) <= 1080 then 'FullHD'
    when greatest(size.width, size.height) <= 2560 and least(size.width, size.height) <= 1440 then '2K'
    else '4K'
  end
  from (
    select (media -> 'Video' ->> 'Width')::numeric as width, (media -> 'Video' ->> 'Height')::numeric as height
  ) as size
$$;

-- A source of unknown size counts as FullHD.
create function micro_usd_per_minute(prices jsonb, media jsonb) returns bigint language sql immutable as $$
  select (prices ->> case media_tier(media) when 'Unknown' then 'FullHD' else media_tier(media) end)::bigint
$$;

create function ms_between(from_at timestamptz, to_at timestamptz) returns bigint language sql immutable as $$
  select greatest(0, ceil(extract(epoch from to_at - from_at) * 1000))::bigint
$$;

-- Rounded up. No other place rounds.
create function micro_usd(ms bigint, per_minute bigint) returns bigint language sql immutable as $$
  select (ms * per_minute + 59999) / 60000
$$;
`;
