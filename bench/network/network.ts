/**
 * Starts where TRTC is 30 ms away, behind TLS, and the database 1 ms: what a start waits for its
 * connections shows only then. Each process makes a cold start, and warm ones after it. Between two
 * warm starts of the last subject its connections close, as in an instance that rests for a while.
 */
import { join } from "node:path";
import { bundleFunctions } from "../../deploy/build/bundle.js";
import type { Environment } from "../../shared/config/environment.js";
import { benchEnvironment, documentedEnvironment, startEvent } from "../accounts.js";
import { childStart, type ColdStart } from "../cold/child.js";
import { type Bench, median, percentile, takeTurns } from "../measure.js";
import { figureOf, goal, type Row, type Section } from "../results.js";
import { ROOT, type Stage, startScript } from "../stage.js";
import { certificateIn, writeCertificate } from "./certificate.js";

const TRTC_RTT_MS = 30;
const DATABASE_RTT_MS = 1;

const OURS = "start-ingest";
const DOCUMENTED = "the documented way, after a rest";
const KEPT = "the documented way, one call after the other";

export async function benchNetwork({ stage: open, quick, show }: Bench): Promise<Section[]> {
  const stage = await open();
  show("bundling");
  const out = join(stage.folder, "network");
  await bundleFunctions({ root: ROOT, out });
  const far = await openFar(stage);
  const starts = quick ? 3 : 20;
  const event = JSON.stringify(startEvent(stage.trtcUrl, 0));
  const subject = (name: string, file: string, rest: "rest" | "" = "") => ({
    name,
    run: () => childStart([file, event, String(starts), rest], far.env),
  });
  try {
    const outcomes = await takeTurns(
      [
        subject(OURS, join(out, "start-ingest.js"), "rest"),
        subject(DOCUMENTED, join(ROOT, "bench", "cold", "documented.cjs"), "rest"),
        subject(KEPT, join(ROOT, "bench", "cold", "documented.cjs")),
      ],
      { rounds: quick ? 1 : 15, onRound: show },
    );
    return [sectionOf([...outcomes].map(([name, processes]) => rowOf(name, processes)))];
  } finally {
    await far.close();
  }
}

async function openFar(stage: Stage): Promise<{ env: Environment; close: () => Promise<void> }> {
  const { folder } = stage;
  writeCertificate(folder);
  const databaseUrl = new URL(await stage.newDatabase("network"));
  const away = (rttMs: number, url: URL, ...flags: string[]) =>
    startScript("bench/network/distance.ts", {
      flags: ["--rtt", String(rttMs), ...flags, url.host],
    });
  const trtc = await away(TRTC_RTT_MS, new URL(stage.trtcUrl), "--tls", folder);
  const database = await away(DATABASE_RTT_MS, databaseUrl);
  databaseUrl.host = database.url;
  return {
    env: {
      ...benchEnvironment(`https://${trtc.url}`, 1),
      DATABASE_URL: databaseUrl.href,
      ...documentedEnvironment(`https://${trtc.url}`),
      NODE_EXTRA_CA_CERTS: certificateIn(folder),
    },
    async close() {
      await trtc.end();
      await database.end();
    },
  };
}

function rowOf(subject: string, processes: readonly ColdStart[]): Row {
  const warm = processes.flatMap(({ warmMs }) => warmMs);
  const coldMs = median(
    processes.map(({ loadMs = Number.NaN, firstMs = Number.NaN }) => loadMs + firstMs),
  );
  return {
    subject,
    figures: { firstMs: coldMs, p50Ms: median(warm), p99Ms: percentile(warm, 99) },
  };
}

function sectionOf(rows: Row[]): Section {
  const ratio = (figure: string, to = DOCUMENTED) =>
    figureOf(rows, OURS, figure) / figureOf(rows, to, figure);
  return {
    title: `network: TRTC ${TRTC_RTT_MS} ms away, database ${DATABASE_RTT_MS} ms`,
    rows,
    ratios: [
      {
        name: "load and first answer, ours ÷ the documented way",
        value: ratio("firstMs"),
        better: "less",
      },
      {
        name: "warm p50, ours ÷ the documented way on its kept connection",
        value: ratio("p50Ms", KEPT),
        better: "less",
      },
    ],
    goals: [
      goal("warm start p50 ÷ the documented way", ratio("p50Ms"), 1.05, ""),
      goal("warm start p99 ÷ the documented way", ratio("p99Ms"), 1.1, ""),
    ],
  };
}
