/**
 * Warm starts through the real handler in this process, one at a time. They show our own cost of a
 * start, besides the database and TRTC. Three figures show it together:
 *
 * own   the time without a running statement or TRTC call: the time that we add;
 * busy  the time in which the event loop worked, including the drivers' work for running
 *       statements and calls;
 * CPU   processor time of the process, including the system's share and garbage collection.
 *
 * Every start uses another account, so that none waits for its slot: an account has 20 in 1.1 s.
 */
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { makeHandler } from "../../functions/start-ingest.js";
import { systemClock } from "../../shared/clock.js";
import { type Handle, fieldsOf, openInstance } from "../instance.js";
import { type Bench, mean, median, percentile, type Subject, takeTurns } from "../measure.js";
import { documentedEnvironment, startEvent, startFields, tc3Event } from "../accounts.js";
import { figureOf, goal, type Row, type Section } from "../results.js";
import { benchThroughput } from "./throughput.js";
import { type Waits, watchWaits } from "./waiting.js";

const BEARER = "start-ingest, Bearer";
const SIGNED = "start-ingest, TC3";
const DOCUMENTED = "the documented way (no checks, no store)";

export async function benchWarm(bench: Bench): Promise<Section[]> {
  const stage = await bench.stage();
  const { trtcUrl } = stage;
  const databaseUrl = await stage.newDatabase("warm");
  const waits = watchWaits();
  const instance = openInstance(stage, { databaseUrl, watch: waits.watch });
  const ours = makeHandler(() => Promise.resolve(instance.services)) as Handle;
  const documented = documentedHandler(trtcUrl);
  let account = 0;
  const next = () => (account += 1);
  const signed = () =>
    tc3Event("StartStreamIngest", startFields(trtcUrl, next()), systemClock.now());
  try {
    const outcomes = await takeTurns(
      [
        start(BEARER, { waits, handle: ours, event: () => startEvent(trtcUrl, next()) }),
        start(SIGNED, { waits, handle: ours, event: signed }),
        start(DOCUMENTED, { waits, handle: documented, event: () => startEvent(trtcUrl, 0) }),
      ],
      {
        ...(bench.quick ? { rounds: 60, warmUps: 140 } : { rounds: 2000, warmUps: 500 }),
        onRound: bench.show,
      },
    );
    const rows = [...outcomes].map(([subject, starts]) => rowOf(subject, starts));
    const events = () => startEvent(trtcUrl, next());
    return [costSection(rows), await benchThroughput(bench, { ours, documented, events })];
  } finally {
    waits.stop();
    await instance.close();
  }
}

function documentedHandler(trtcUrl: string): Handle {
  const require = createRequire(import.meta.url);
  const { makeHandler } = require("../cold/documented.cjs") as {
    makeHandler: (env: object) => Handle;
  };
  return makeHandler(documentedEnvironment(trtcUrl));
}

interface Start {
  ownMs: number;
  busyMs: number;
  cpuMs: number;
  statements: number;
  trtcCalls: number;
}

function start(
  name: string,
  { waits, handle, event }: { waits: Waits; handle: Handle; event: () => object },
): Subject<Start> {
  const run = async (): Promise<Start> => {
    const sent = event();
    const before = waits.read();
    const cpuBefore = process.cpuUsage();
    const loopBefore = performance.eventLoopUtilization();
    const startedMs = systemClock.elapsedMs();
    const answer = await handle(sent);
    const wallMs = systemClock.elapsedMs() - startedMs;
    const { active: busyMs } = performance.eventLoopUtilization(loopBefore);
    const { user, system } = process.cpuUsage(cpuBefore);
    const after = waits.read();
    fieldsOf(answer);
    return {
      ownMs: wallMs - (after.waitedMs - before.waitedMs),
      busyMs,
      cpuMs: (user + system) / 1000,
      statements: after.statements - before.statements,
      trtcCalls: after.trtcCalls - before.trtcCalls,
    };
  };
  return { name, run };
}

function rowOf(subject: string, starts: readonly Start[]): Row {
  const all = (figure: keyof Start) => starts.map((start) => start[figure]);
  const figures = {
    ownP50Ms: median(all("ownMs")),
    ownP99Ms: percentile(all("ownMs"), 99),
    busyP50Ms: median(all("busyMs")),
    cpuMs: mean(all("cpuMs")),
    // True of nearly every start. A start that misses its slot, for lack of processor time, takes a
    // new one.
    statements: median(all("statements")),
    trtcCalls: median(all("trtcCalls")),
  };
  return { subject, figures };
}

function costSection(rows: Row[]): Section {
  const own = (subject: string) => figureOf(rows, subject, "ownP50Ms");
  const cpu = (subject: string) => figureOf(rows, subject, "cpuMs");
  return {
    title: "warm: the cost of a start",
    rows,
    ratios: [],
    goals: [
      goal("CPU of a start ÷ the documented way", cpu(BEARER) / cpu(DOCUMENTED), 2, ""),
      goal("own cost of a start, Bearer, p50", own(BEARER), 0.8, " ms"),
      goal("own cost of a start, TC3, p50", own(SIGNED), 0.8, " ms"),
    ],
  };
}
