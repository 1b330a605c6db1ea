/** The results for people: one table with a part for each section and aligned numbers. */
import type { Goal, Ratio, Results, Row, Section } from "./results.js";

/** The heading of each figure, and its useful number of digits. */
const HEADINGS: Readonly<Record<string, readonly [heading: string, digits: number]>> = {
  wallMs: ["ms in all", 1],
  overEmptyMs: ["over empty", 1],
  loadMs: ["load ms", 1],
  firstMs: ["first ms", 1],
  rssMb: ["RSS MB", 1],
  ownP50Ms: ["own p50 ms", 2],
  ownP99Ms: ["own p99 ms", 2],
  busyP50Ms: ["busy p50 ms", 2],
  cpuMs: ["CPU ms", 2],
  statements: ["statements", 0],
  trtcCalls: ["TRTC calls", 0],
  perSecond: ["a second", 0],
  p50Ms: ["p50 ms", 2],
  p99Ms: ["p99 ms", 2],
  maxMs: ["max ms", 1],
  fewMs: ["few, ms", 2],
  manyMs: ["many, ms", 2],
  ratio: ["ratio", 2],
  fewPages: ["few, pages", 0],
  manyPages: ["many, pages", 0],
  otherPlans: ["other plans", 0],
  tableMb: ["table MB", 1],
  indexesMb: ["indexes MB", 1],
  liveMb: ["live idx MB", 1],
  dead: ["dead rows", 0],
  bloatPercent: ["dead+free %", 0],
  hotPercent: ["HOT %", 0],
  vacuums: ["vacuums", 0],
  micros: ["µs a call", 1],
};

const SUBJECT_WIDTH = 46;
const FIGURE_WIDTH = 13;

export function tableOf({ node, cpu, cores, quick, sections }: Results): string {
  const machine = `Node.js ${node}, ${cores} cores of ${cpu}${quick ? "; quick: a trial, no measurement" : ""}`;
  return [machine, ...sections.map(partOf)].join("\n\n");
}

function partOf({ title, rows, ratios, goals }: Section): string {
  const figures = Object.keys(HEADINGS).filter((figure) =>
    rows.some((row) => figure in row.figures),
  );
  const heading = title.padEnd(SUBJECT_WIDTH) + figures.map(headingOf).join("");
  return [
    heading,
    ...rows.map((row) => lineOf(row, figures)),
    ...ratios.map(ratioLine),
    ...goals.map(goalLine),
  ].join("\n");
}

const headingOf = (figure: string): string => (HEADINGS[figure]?.[0] ?? "").padStart(FIGURE_WIDTH);

function lineOf({ subject, figures }: Row, columns: readonly string[]): string {
  const cells = columns.map((figure) => {
    const value = figures[figure];
    return (value === undefined ? "" : number(value, HEADINGS[figure]?.[1])).padStart(FIGURE_WIDTH);
  });
  return `  ${subject.padEnd(SUBJECT_WIDTH - 2)}${cells.join("")}`.trimEnd();
}

const ratioLine = ({ name, value }: Ratio): string => `  ${name}: ${number(value, 2)}`;

const goalLine = ({ name, value, atMost, unit, met }: Goal): string =>
  `  ${met ? "met    " : "NOT MET"}  ${name}: ${number(value, 2)}${unit}, at most ${atMost}${unit}`;

const number = (value: number, digits = 2): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
