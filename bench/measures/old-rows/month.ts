/**
 * A month of starts and ends on a table that has been in use for 90 days, with autovacuum: how large
 * the table and its indexes become, and how much of them is dead. Each day is a 200th of 50,000
 * ingests and takes some ten seconds. Autovacuum looks once a second, so ten times a day instead of
 * 1,440 times. Its limits are parts of the table, so they scale with it.
 */
import { addMs, DAY_MS, systemClock } from "../../../shared/clock.js";
import type { Query } from "../../../shared/store/engine/database.js";
import { openToMigrate } from "../../../shared/store/engine/postgres.js";
import { forgetEnded } from "../../../shared/store/history/retention.js";
import type { Bench } from "../../measure.js";
import type { Figures, Row, Section } from "../../results.js";

const A_DAY = 250;
const KEPT_DAYS = 90;
const DAYS = 30;
const SLICES = 12;
const SHOWN = 5;

interface Month {
  query: Query;
  quick: boolean;
  show: (line: string) => void;
}

/** With the settings of this project, and with those of PostgreSQL. */
export async function benchMonth(bench: Bench): Promise<Section[]> {
  const stage = await bench.stage();
  const sections: Section[] = [];
  for (const isUsual of [true, false]) {
    const name = isUsual ? "month_usual" : "month_ours";
    const { query, close } = openToMigrate(await stage.newDatabase(name));
    try {
      await query("alter system set autovacuum_naptime = '1s'");
      await query("select pg_reload_conf()");
      if (isUsual) await resetSettings(query);
      const show = (line: string) => {
        bench.show(`${name}: ${line}`);
      };
      const rows = await lived({ query, quick: bench.quick, show });
      const title = `a month of ${A_DAY} a day, ${isUsual ? "PostgreSQL's settings" : "our settings"}`;
      sections.push({ title, rows, ratios: [], goals: [] });
    } finally {
      await close();
    }
  }
  return sections;
}

async function resetSettings(query: Query): Promise<void> {
  const rows = await query(
    `select relname, array_to_string(array(select split_part(option, '=', 1) from unnest(reloptions) as option), ', ') as options
     from pg_class where relkind = 'r' and relname in ('ingest', 'outbox')  and reloptions is not null`,
  );
  for (const { relname, options } of rows) {
    await query(`alter table ${String(relname)} reset (${String(options)})`);
  }
}

async function lived({ query, quick, show }: Month): Promise<Row[]> {
  await query("create extension if not exists pgstattuple");
  await query("set jit = off");
  const first = systemClock.now();
  show("90 days before it");
  await query("alter table ingest disable trigger user");
  const kept = (quick ? 2 : KEPT_DAYS) * A_DAY;
  await query(begun("old", kept, first, `interval '${KEPT_DAYS} days' * n / ${kept}`));
  await query(
    `update ingest set state = 'ended', end_reason = 'expired', ended_at = created_at + interval '1 hour', trtc_task_id = task_id, started_at = created_at`,
  );
  await query("alter table ingest enable trigger user");
  await query("vacuum full ingest");
  await query("vacuum analyze");
  const rows: Row[] = [{ subject: "before it", figures: await figuresNow(query) }];
  for (let day = 1; day <= (quick ? 1 : DAYS); day += 1) {
    show(`day ${day}`);
    for (let slice = 0; slice < SLICES; slice += 1) {
      const at = addMs(first, (day - 1) * DAY_MS + slice * (DAY_MS / SLICES));
      await sliceOf(query, `${day}-${slice}`, at);
    }
    if (day % SHOWN === 0 || day === 1) {
      rows.push({ subject: `day ${day}`, figures: await figuresNow(query) });
    }
  }
  return rows;
}

const begun = (prefix: string, count: number, at: Date, before: string): string => `
  insert into ingest (task_id, caller_id, account, site, region, sdk_app_id, room_id, room_id_type, robot_user_id,
    play, client_token, request_hash, state, created_at, latest_at, deadline_at, notified)
  select 'ing-' || lpad((extract(epoch from at) * 1000)::bigint::text, 14, '0') || substr(md5('${prefix}/' || n), 1, 12),
    'caller-' || n % 50, 'intl', 'intl', 'ap-singapore', 1400000000, 'room-' || n % 500, 0, 'robot_' || substr(md5('${prefix}/' || n), 1, 26),
    '{"StreamUrl":"https://media.example.com/live/lessons/2026/lesson.m3u8?token=abcdef","RepeatNum":-1}', md5('${prefix}/' || n), md5(n::text),
    'starting', at, at + interval '1 day', at + interval '1 hour', null
  from generate_series(1, ${count}) as n
  cross join lateral (select timestamptz '${at.toISOString()}' - ${before} as at) as t`;

/** The ingests of two hours start and play, and those before them end. The statements of a life, for all at once. */
async function sliceOf(query: Query, name: string, at: Date): Promise<void> {
  const now = `timestamptz '${at.toISOString()}'`;
  const running = "where state = 'running'";
  await query(begun(name, Math.ceil(A_DAY / SLICES), at, "n * interval '1 second'"));
  await query(
    `update ingest set lease_until = ${now}, fence = fence + 1 where state in ('running') and deadline_at <= ${now} + interval '1 minute'`,
  );
  await query(
    `update ingest set state = 'stopping', end_reason = 'expired', stop_asked_at = deadline_at where state = 'running' and lease_until is not null`,
  );
  await query(
    `update ingest set state = 'ended', ended_at = deadline_at, lease_until = null where state = 'stopping'`,
  );
  await query(
    `update ingest set state = 'running', started_at = created_at, trtc_task_id = task_id, media_state = 'connecting', heard_at = ${now} where state = 'starting'`,
  );
  await query(`update ingest set media_state = 'playing', media_at = ${now} ${running}`);
  await query(`update ingest set heard_at = ${now} ${running}`);
  await query(`update ingest set heard_at = ${now} + interval '10 minutes' ${running}`);
  await forgetEnded(query, { endedBefore: addMs(at, -KEPT_DAYS * DAY_MS), limit: A_DAY });
}

async function figuresNow(query: Query): Promise<Figures> {
  // The counters of this connection are written with a delay.
  await query("select pg_stat_force_next_flush()").catch(() => undefined);
  const [row] = await query(
    `select pg_table_size('ingest') / 1048576.0 as "tableMb", pg_indexes_size('ingest') / 1048576.0 as "indexesMb",
            (select sum(pg_relation_size(indexrelid)) from pg_index
             where indrelid = 'ingest'::regclass and pg_get_expr(indpred, indrelid) ~ 'running|<> ''ended''') / 1048576.0 as "liveMb",
            n_dead_tup as dead, autovacuum_count as vacuums,
            100.0 * n_tup_hot_upd / greatest(1, n_tup_upd) as "hotPercent",
            (select dead_tuple_percent + free_percent from pgstattuple('ingest')) as "bloatPercent"
     from pg_stat_user_tables where relname = 'ingest'`,
  );
  const figures = Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]);
  return Object.fromEntries(figures) as Figures;
}
