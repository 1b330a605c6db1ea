/** `trtc-ingest admin …` for the rows of several databases, with one answer. */
import type { CostDocument } from "../../local/terminal/costs.js";
import type { CommandResult } from "../../local/terminal/terminal.js";
import { readFlags, VERBS } from "./command-line.js";
import type { AdminDesk, AdminDocument } from "./outcome.js";
import { runAdmin } from "./run.js";

/** A row of a list or an outcome. */
interface Row {
  TaskId: string;
}

/** One for each database. */
type Desks = readonly [AdminDesk, ...AdminDesk[]];

export async function runAdminInAll(args: readonly string[], desks: Desks): Promise<CommandResult> {
  const verb = VERBS.find((name) => name === args[0]);
  if (desks.length === 1 || !verb) return runAdmin(args, desks[0]);
  if (verb === "timeline") return firstAnswer(args, desks);
  if (verb === "cost") return { out: JSON.stringify(await costOfAll(args, desks)), code: 0 };
  const results: CommandResult[] = [];
  for (const desk of desks) results.push(await runAdmin(args, desk));
  const documents = results.map(({ out }) => JSON.parse(out) as AdminDocument);
  const { limit } = readFlags(verb, args.slice(1));
  const sorted = documents
    .flatMap(({ rows }) => rows as Row[])
    .sort((one, other) => (one.TaskId < other.TaskId ? 1 : -1));
  const rows = verb === "list" ? sorted.slice(0, limit) : sorted;
  const isCut = rows.length < sorted.length || documents.some((document) => document.isCut);
  const document: AdminDocument = { rows, isCut };
  return { out: JSON.stringify(document), code: Math.max(...results.map(({ code }) => code)) };
}

/** An ingest has its history where it is. Throws the error of the last database. */
async function firstAnswer(
  args: readonly string[],
  [desk, ...others]: Desks,
): Promise<CommandResult> {
  const [next, ...rest] = others;
  if (!next) return runAdmin(args, desk);
  return runAdmin(args, desk).catch(() => firstAnswer(args, [next, ...rest]));
}

/** Checks each database before it adds up their costs. */
async function costOfAll(
  args: readonly string[],
  desks: readonly AdminDesk[],
): Promise<CostDocument> {
  const flags = readFlags("cost", args.slice(1));
  const documents: CostDocument[] = [];
  for (const desk of desks) {
    const { out } = await runAdmin(args, desk);
    documents.push(JSON.parse(out) as CostDocument);
  }
  return documents.reduce((sum, { Ingests, Total }) => ({
    Ingests: [...sum.Ingests, ...Ingests].slice(0, flags.limit),
    Total: {
      Ingests: sum.Total.Ingests + Total.Ingests,
      Minutes: rounded(sum.Total.Minutes + Total.Minutes),
      Usd: rounded(sum.Total.Usd + Total.Usd),
      UsdToDeadline: rounded(sum.Total.UsdToDeadline + Total.UsdToDeadline),
    },
  }));
}

const rounded = (value: number): number => Math.round(value * 1_000_000) / 1_000_000;
