/**
 * Hundreds of deadlines, handled by four processes on one PostgreSQL. The emulator enforces TRTC's
 * 20 calls a second. Lateness comes from the rows: from the deadline to the stop request, and to
 * TRTC's recorded answer.
 */
import { readTruth } from "../../local/emulator-truth.js";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { SLOT_STEP_MS, SLOTS, SLOTS_SPAN_MS } from "../../shared/store/slots.js";
import { benchEnvironment } from "../accounts.js";
import { type Bench, median, percentile } from "../measure.js";
import { type Playing, play, readLateness, schedule, type Stopped } from "../playing.js";
import { goal, type Row, type Section } from "../results.js";
import { startScript, type Stage, using } from "../stage.js";

const PROCESSES = 4;

/** The processes run every 5 s, so each deadline falls into a later run. */
const AHEAD_MS = 12 * SECOND_MS;

/** TRTC's limit, for this measurement only. The rest of the bench has no limit there. */
const CALLS_PER_SECOND = 20;
const UNLIMITED = 1_000_000;

interface Sizes {
  spread: number;
  withinMs: number;
  atOnce: number;
  others: number;
}

const SIZES: Sizes = { spread: 2000, withinMs: 120_000, atOnce: 1200, others: 20 };
const QUICK: Sizes = { spread: 50, withinMs: 4000, atOnce: 60, others: 5 };

export async function benchDeadlines(bench: Bench): Promise<Section> {
  const stage = await bench.stage();
  const sizes = bench.quick ? QUICK : SIZES;
  const databaseUrl = await stage.newDatabase("deadlines");
  const show = (line: string) => {
    bench.show(`deadlines, ${line}`);
  };
  const { spread, atOnce, others } = sizes;
  const playing = await play(stage, { databaseUrl, count: spread + atOnce + others, show });
  const env = { ...benchEnvironment(stage.trtcUrl), DATABASE_URL: databaseUrl, PORT: "0" };
  await limitCalls(stage, CALLS_PER_SECOND);
  const processes = await Promise.all(
    Array.from({ length: PROCESSES }, () => startScript("local/start.ts", { env })),
  );
  const keep = keeper({
    databaseUrl,
    stage,
    show(line) {
      if (!processes.every(({ isRunning }) => isRunning())) throw new Error("An instance ended");
      show(line);
    },
  });
  try {
    const random = await keep(playing.slice(0, spread), {
      name: `${spread} within ${sizes.withinMs / SECOND_MS} s`,
      account: () => 0,
      afterMs: () => Math.floor(Math.random() * sizes.withinMs),
    });
    const together = await keep(playing.slice(spread), {
      name: `${atOnce} at one instant`,
      account: (n) => (n < atOnce ? 1 : 2),
      // The other account's deadlines come while the crowd is still being stopped.
      afterMs: (n) => (n < atOnce ? 0 : 2 * SECOND_MS),
    });
    return sectionOf(sizes, { random, together });
  } finally {
    await Promise.all(processes.map(({ end }) => end()));
    await limitCalls(stage, UNLIMITED);
  }
}

interface Plan {
  name: string;
  account: (index: number) => number;
  afterMs: (index: number) => number;
}

interface Kept {
  stopped: Stopped[];
  throttled: number;
}

const keeper =
  ({ databaseUrl, stage, show }: { databaseUrl: string; stage: Stage; show: Bench["show"] }) =>
  (playing: readonly Playing[], plan: Plan): Promise<Kept> =>
    using(databaseUrl, async ({ query }) => {
      const throttled = () => throttledAt(stage);
      const before = await throttled();
      const firstAt = addMs(clock.now(), AHEAD_MS);
      await schedule(
        query,
        playing.map(({ taskId }, index) => ({
          taskId,
          account: plan.account(index),
          deadlineAt: addMs(firstAt, plan.afterMs(index)),
        })),
      );
      for (;;) {
        const stopped = await readLateness(query, stage, playing);
        show(`${plan.name}: ${stopped.length} of ${playing.length} stopped`);
        if (stopped.length === playing.length) {
          return { stopped, throttled: (await throttled()) - before };
        }
        await clock.sleep(2 * SECOND_MS);
      }
    });

function sectionOf(sizes: Sizes, { random, together }: Record<"random" | "together", Kept>) {
  const [crowd, others] = [1, 2].map((account) =>
    together.stopped.filter((ingest) => ingest.account === account),
  ) as [Stopped[], Stopped[]];
  const asked = beyondIdeal(random.stopped, ({ askedMs }) => askedMs);
  const beyond = beyondIdeal(random.stopped, ({ endedMs }) => endedMs);
  const within = `${sizes.spread} within ${sizes.withinMs / SECOND_MS} s`;
  const rows = [
    rowOf(`${within}: stopped`, latenessOf(random.stopped)),
    rowOf("  asked to stop, less the wait for slots", asked),
    rowOf("  stopped, less the wait for slots", beyond),
    rowOf(`${sizes.atOnce} at one instant: stopped`, latenessOf(crowd)),
    rowOf(`${sizes.others} of another account meanwhile`, latenessOf(others)),
  ];
  const goals = [
    goal("asked to stop, less the wait for slots, p99", percentile(asked, 99), 100, " ms"),
    goal("stopped, less the wait for slots, p99", percentile(beyond, 99), 250, " ms"),
    goal("slots left unused by the crowd", 100 * unusedShare(crowd), 2, " %"),
    goal("calls throttled", random.throttled + together.throttled, 0, ""),
  ];
  return { title: "deadlines of four processes", rows, ratios: [], goals } satisfies Section;
}

const latenessOf = (stopped: readonly Stopped[]): number[] =>
  stopped.map(({ dueMs, endedMs }) => endedMs - dueMs);

const rowOf = (subject: string, late: readonly number[]): Row => ({
  subject,
  figures: { p50Ms: median(late), p99Ms: percentile(late, 99), maxMs: Math.max(...late) },
});

/**
 * Subtracts the unavoidable wait: that of an ideal queue with the same slots and instant stops.
 * What remains is ours. The ideal queue takes the deadlines in order, each as early as the slots
 * allow. TRTC's limit allows no more to calls that take up to 0.1 s.
 */
function beyondIdeal(stopped: readonly Stopped[], readMs: (ingest: Stopped) => number): number[] {
  const inOrder = [...stopped].sort((one, other) => one.dueMs - other.dueMs);
  const ideal: number[] = [];
  return inOrder.map((ingest) => {
    const atMs = Math.max(
      ingest.dueMs,
      (ideal.at(-1) ?? -Infinity) + SLOT_STEP_MS,
      (ideal.at(-SLOTS) ?? -Infinity) + SLOTS_SPAN_MS,
    );
    ideal.push(atMs);
    return Math.max(0, readMs(ingest) - atMs);
  });
}

/**
 * The slots without a call, divided by all slots until the last call. In each full period since the
 * deadline TRTC takes 20 calls. The last period counts only its calls, since no more are left.
 */
function unusedShare(crowd: readonly Stopped[]): number {
  const periods = crowd.map(({ dueMs, calledMs }) =>
    Math.floor((calledMs - dueMs) / SLOTS_SPAN_MS),
  );
  const last = Math.max(...periods);
  const early = periods.filter((period) => period < last).length;
  const full = last * SLOTS;
  return (full - early) / (full + crowd.length - early);
}

async function throttledAt({ trtcUrl }: Stage): Promise<number> {
  const calls = await readTruth(trtcUrl).calls();
  return calls.reduce((sum, { throttled }) => sum + throttled, 0);
}

async function limitCalls({ trtcUrl }: Stage, callsPerSecond: number): Promise<void> {
  const body = JSON.stringify({ callsPerSecond });
  const answer = await fetch(`${trtcUrl}/_emulator/switches`, { method: "PUT", body });
  if (!answer.ok) throw new Error(`The emulator refused its switches: ${await answer.text()}`);
}
