/**
 * Cold starts: fresh processes, from the spawn to the line that they print when ready. Ours is the
 * deployed bundle. The comparison is a function written from Tencent's documentation
 * (cold/documented.cjs). Both get the same event, and the same emulator answers them. Each process
 * gets only the variables that it needs.
 */
import { join } from "node:path";
import { bundleFunctions } from "../../deploy/build/bundle.js";
import type { Environment } from "../../shared/config/environment.js";
import { childStart, type ColdStart } from "../cold/child.js";
import { type Bench, median, takeTurns } from "../measure.js";
import { benchEnvironment, documentedEnvironment, startEvent } from "../accounts.js";
import { figureOf, goal, type Row, type Section } from "../results.js";
import { ROOT, type Stage } from "../stage.js";

const EMPTY = "an empty process";
const LOADED = "start-ingest, loaded";
const STARTED = "start-ingest, first start answered";
const DOCUMENTED_LOADED = "the documented way, loaded";
const DOCUMENTED_STARTED = "the documented way, first call answered";

const DOCUMENTED = join(ROOT, "bench", "cold", "documented.cjs");

export async function benchCold({ stage: open, quick, show }: Bench): Promise<Section[]> {
  const stage = await open();
  const env = await environmentOf(stage);
  const out = join(stage.folder, "functions");
  show("bundling");
  await bundleFunctions({ root: ROOT, out });
  const ours = join(out, "start-ingest.js");
  const event = JSON.stringify(startEvent(stage.trtcUrl, 0));
  const subject = (name: string, ...args: string[]) => ({ name, run: () => childStart(args, env) });
  const outcomes = await takeTurns(
    [
      subject(EMPTY),
      subject(LOADED, ours),
      subject(STARTED, ours, event),
      subject(DOCUMENTED_LOADED, DOCUMENTED),
      subject(DOCUMENTED_STARTED, DOCUMENTED, event),
    ],
    { rounds: quick ? 3 : 31, warmUps: 1, onRound: show },
  );
  return [sectionOf([...outcomes].map(([name, starts]) => rowOf(name, starts)))];
}

async function environmentOf(stage: Stage): Promise<Environment> {
  const DATABASE_URL = await stage.newDatabase("cold");
  return {
    ...benchEnvironment(stage.trtcUrl, 1),
    DATABASE_URL,
    ...documentedEnvironment(stage.trtcUrl),
  };
}

function rowOf(subject: string, starts: readonly ColdStart[]): Row {
  const figures = (["wallMs", "loadMs", "firstMs", "rssMb"] as const).flatMap((figure) => {
    const values = starts.map((start) => start[figure]).filter((value) => value !== undefined);
    return values.length === 0 ? [] : [[figure, median(values)] as const];
  });
  return { subject, figures: Object.fromEntries(figures) };
}

function sectionOf(rows: Row[]): Section {
  const wall = (subject: string) => figureOf(rows, subject, "wallMs");
  const inside = (subject: string) =>
    figureOf(rows, subject, "loadMs") + figureOf(rows, subject, "firstMs");
  const withoutNode = inside(STARTED) / inside(DOCUMENTED_STARTED);
  return {
    title: "cold",
    rows,
    ratios: [
      {
        name: "loaded, ours ÷ the documented way",
        value: wall(LOADED) / wall(DOCUMENTED_LOADED),
        better: "less",
      },
      { name: "first answer, without Node's own start", value: withoutNode, better: "less" },
    ],
    goals: [
      goal("load over an empty process", wall(LOADED) - wall(EMPTY), 100, " ms"),
      goal(
        "first start answered ÷ the documented way",
        wall(STARTED) / wall(DOCUMENTED_STARTED),
        0.28,
        "",
      ),
      goal("RSS at the first start", figureOf(rows, STARTED, "rssMb"), 110, " MB"),
    ],
  };
}
