/**
 * Whether old rows cost anything: the hot operations beside 10,000 ended ingests and beside
 * many, in turns. Each round is undone, so a kept database can be measured again.
 */
import { environment } from "../../../shared/config/environment.js";
import type { Database, Query } from "../../../shared/store/engine/database.js";
import { openToMigrate } from "../../../shared/store/engine/postgres.js";
import { migrate } from "../../../shared/store/schema/migrate.js";
import { createStore } from "../../../shared/store/store.js";
import { systemClock } from "../../../shared/clock.js";
import { type Bench, median, timed } from "../../measure.js";
import { type Figures, goal, type Section } from "../../results.js";
import { using } from "../../stage.js";
import { addOldRows } from "./ended-rows.js";
import { explain, type Explained } from "./explain.js";
import { HOT, type Hot, livedThrough } from "./hot.js";
import { benchRates } from "./rates.js";

const FEW = 10_000;
const QUICK_MANY = 30_000;
const MANY = 1_000_000;

/** The largest ratio that counts as equal. */
const RATIO_MAX = 1.3;

interface Opened {
  database: Database;
  now: Date;
  endedIds: string[];
  /** The statements of the last operation. */
  sent: { text: string; values: readonly unknown[] }[];
}

export async function benchOldRows(bench: Bench): Promise<Section[]> {
  const { ROWS, OLD_ROWS_SERVER } = environment();
  const many = Number(ROWS ?? (bench.quick ? QUICK_MANY : MANY));
  const urls: string[] = [];
  for (const ended of [FEW, many]) urls.push(await storedAt(bench, OLD_ROWS_SERVER, ended));
  const [few, full] = (await Promise.all(urls.map(opened))) as [Opened, Opened];
  const title = `old rows: a database with ${many.toLocaleString("en-US")}, by itself`;
  try {
    return [
      await compared(bench, { few, full, many }),
      await benchRates(bench, { url: urls[1] ?? "", now: full.now, title }),
    ];
  } finally {
    await few.database.close();
    await full.database.close();
  }
}

/** A server of the operator's own keeps its databases, so that millions of rows are made once. */
async function storedAt(bench: Bench, server: string | undefined, ended: number): Promise<string> {
  const name = `old_rows_${ended}`;
  const onProgress = (line: string) => {
    bench.show(`${name}: ${line}`);
  };
  if (server === undefined) {
    const url = await (await bench.stage()).newDatabase(name);
    await filled(url, ended, onProgress);
    return url;
  }
  const isNew = await using(server, async ({ query }) => {
    const [known] = await query("select from pg_database where datname = $1", [name]);
    if (!known) await query(`create database ${name} template template0`);
    return !known;
  });
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  await migrated(url);
  if (isNew) await filled(url, ended, onProgress);
  return url;
}

const migrated = (url: string): Promise<void> =>
  owning(url, async (database) => {
    await migrate(database);
  });

const filled = (url: string, ended: number, onProgress: (line: string) => void): Promise<void> =>
  owning(url, ({ query }) => addOldRows(query, { ended, now: systemClock.now(), onProgress }));

/** Without limits of time. */
async function owning(url: string, work: (database: Database) => Promise<void>): Promise<void> {
  const database = openToMigrate(url);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

/** One connection, on which a round can be undone. */
async function opened(url: string): Promise<Opened> {
  const { query, close } = openToMigrate(url);
  const sent: Opened["sent"] = [];
  const recorded: Query = (text, values = []) => {
    sent.push({ text, values });
    return query(text, values);
  };
  const [newest] = await query(
    "select created_at from ingest where state = 'running' order by created_at desc limit 1",
  );
  // A sample: sorting millions of rows would push everything else out of the memory.
  const ended = await query(
    `select task_id from ingest tablesample system (1)
     where caller_id = 'caller' and state = 'ended' and successor_of is null limit 200`,
  );
  return {
    database: { query: recorded, transaction: (work) => work(recorded), close },
    now: newest?.["created_at"] as Date,
    endedIds: ended.map((row) => String(row["task_id"])),
    sent,
  };
}

type Times = Map<string, number[]>;

async function compared(
  { quick, show }: Bench,
  { few, full, many }: { few: Opened; full: Opened; many: number },
): Promise<Section> {
  const rounds = quick ? 3 : 41;
  const [timesOfFew, timesOfFull]: [Times, Times] = [new Map(), new Map()];
  for (let round = -3; round < rounds; round += 1) {
    show(`old rows, round ${round} of ${rounds}`);
    // Taking turns at the first place, too: the second may find a busier or a calmer machine.
    const turns = [
      () => oneRound(few, round, timesOfFew),
      () => oneRound(full, round, timesOfFull),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  const rows = [];
  for (const [subject, times] of timesOfFull) {
    const fewMs = median((timesOfFew.get(subject) ?? []).slice(3));
    const manyMs = median(times.slice(3));
    rows.push({
      subject,
      figures: { fewMs, manyMs, ratio: manyMs / fewMs, ...(await plansBeside(few, full, subject)) },
    });
  }
  const goals = rows.map(({ subject, figures }) => goal(subject, figures.ratio, RATIO_MAX, ""));
  const title = `old rows: ${FEW.toLocaleString("en-US")} and ${many.toLocaleString("en-US")}`;
  return { title, rows, ratios: [], goals };
}

const hotOf = ({ database, now, endedIds }: Opened, round: number): Hot => ({
  store: createStore(database).by({ kind: "operator", id: "bench", function: "bench" }),
  query: database.query,
  now,
  endedId: endedIds[(round + 3) % endedIds.length] ?? "",
  round,
});

async function oneRound(on: Opened, round: number, times: Times): Promise<void> {
  const hot = hotOf(on, round);
  const keep = (name: string, ms: number) => {
    times.set(name, [...(times.get(name) ?? []), ms]);
  };
  await undone(on, () =>
    livedThrough(hot, async (name, step) => {
      keep(name, await timed(step));
    }),
  );
  for (const [name, operation] of Object.entries(HOT)) {
    await undone(on, async () => {
      keep(name, await timed(() => operation(hot)));
    });
  }
}

async function undone({ database }: Opened, work: () => Promise<void>): Promise<void> {
  await database.query("begin");
  try {
    await work();
  } finally {
    await database.query("rollback");
  }
}

/** The pages that an operation reads, and how many of its statements go another way beside many rows. */
async function plansBeside(few: Opened, full: Opened, subject: string): Promise<Figures> {
  const [one, other] = [await plansOf(few, subject), await plansOf(full, subject)];
  const pagesOf = (plans: readonly Explained[]) => plans.reduce((sum, { pages }) => sum + pages, 0);
  const wayOf = (plan: Explained | undefined) =>
    plan?.steps.filter((step) => step.includes(" ")).join();
  return {
    fewPages: pagesOf(one),
    manyPages: pagesOf(other),
    otherPlans: one.filter((plan, at) => wayOf(plan) !== wayOf(other[at])).length,
  };
}

async function plansOf(on: Opened, subject: string): Promise<Explained[]> {
  const hot = hotOf(on, 1000);
  const sent: Opened["sent"] = [];
  await undone(on, async () => {
    const record = async (work: () => Promise<unknown>) => {
      on.sent.length = 0;
      await work();
      sent.push(...on.sent);
    };
    const operation = HOT[subject];
    if (operation) return record(() => operation(hot));
    return livedThrough(hot, (name, step) =>
      name === subject ? record(step) : step().then(() => undefined),
    );
  });
  const plans: Explained[] = [];
  for (const { text, values } of sent) {
    await undone(on, async () => {
      plans.push(await explain(on.database.query, text, values));
    });
  }
  return plans;
}
