/**
 * How late a stop is, from the log of expire-ingests. The time counts from the deadline until TRTC
 * has stopped the task and the row says so. Stops of one account leave at 20 in 1.1 s, and 20 at
 * once leave within 0.1 s.
 */
import { makeHandler as expireFunction } from "../../functions/expire-ingests.js";
import { makeHandler as startFunction } from "../../functions/start-ingest.js";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { ask, type Instance, openInstance } from "../instance.js";
import { type Bench, median, percentile, takeTurns } from "../measure.js";
import { bearerEvent, startFields } from "../accounts.js";
import type { Section } from "../results.js";
import type { Stage } from "../stage.js";
import type { Stored } from "../seed.js";

const DEADLINES = 20;

/** Long enough for 20 starts of one account. */
const AHEAD_MS = 3 * SECOND_MS;

interface Plan {
  account: (index: number) => number;
  /** The time from the first deadline to this one. */
  afterMs: (index: number) => number;
}

/** Accounts of their own, so that other measurements do not use their slots. */
const SUBJECTS: Record<string, Plan> = {
  "20 at one instant, of 20 accounts": { account: (index) => index, afterMs: () => 0 },
  "20 at one instant, of one account": { account: () => 30, afterMs: () => 0 },
  "20 a tenth of a second apart, of one account": {
    account: () => 31,
    afterMs: (index) => index * 100,
  },
};

export async function benchLateness(bench: Bench, { databaseUrl }: Stored): Promise<Section> {
  const stage = await bench.stage();
  let late: number[] = [];
  const onLog = ({ latenessMs }: { latenessMs?: number | undefined }) => {
    if (latenessMs !== undefined) late.push(latenessMs);
  };
  const instance = openInstance(stage, { databaseUrl, onLog });
  const run = async (plan: Plan): Promise<number[]> => {
    late = [];
    await expire(stage, instance, plan);
    if (late.length === DEADLINES) return late;
    throw new Error(`${late.length} of ${DEADLINES} ingests were stopped`);
  };
  try {
    const outcomes = await takeTurns(
      Object.entries(SUBJECTS).map(([name, plan]) => ({ name, run: () => run(plan) })),
      { rounds: bench.quick ? 1 : 5, onRound: (line) => bench.show(`lateness, ${line}`) },
    );
    const rows = [...outcomes].map(([subject, rounds]) => {
      const all = rounds.flat();
      const figures = {
        p50Ms: median(all),
        p99Ms: percentile(all, 99),
        maxMs: Math.max(...all),
      };
      return { subject, figures };
    });
    return { title: "store: lateness of expire-ingests", rows, ratios: [], goals: [] };
  } finally {
    await instance.close();
  }
}

async function expire(
  { trtcUrl }: Stage,
  { services }: Instance,
  { account, afterMs }: Plan,
): Promise<void> {
  const open = () => Promise.resolve(services);
  const start = startFunction(open);
  const firstAt = addMs(clock.now(), AHEAD_MS);
  for (let index = 0; index < DEADLINES; index += 1) {
    const StopTime = addMs(firstAt, afterMs(index)).toISOString();
    await ask(start, bearerEvent({ ...startFields(trtcUrl, account(index)), StopTime }));
  }
  await expireFunction(open)({}, { getRemainingTimeInMillis: () => 60 * SECOND_MS });
}
