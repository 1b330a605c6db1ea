/** What PostgreSQL does for a statement: it is carried out, and its plan is read. */
import type { Query } from "../../../shared/store/engine/database.js";

export interface Explained {
  /** Each step's kind, with its index or table. */
  steps: string[];
  indexes: string[];
  /** Tables that a step reads whole. */
  scanned: string[];
  /** Read from the table or its indexes, also twice. */
  pages: number;
  ms: number;
  planningMs: number;
}

interface Step {
  "Node Type": string;
  "Index Name"?: string;
  "Relation Name"?: string;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Step[];
}

interface Answer {
  Plan: Step;
  "Execution Time": number;
  "Planning Time": number;
}

export async function explain(
  query: Query,
  text: string,
  values: readonly unknown[],
): Promise<Explained> {
  const [row] = await query(`explain (analyze, buffers, format json) ${text}`, values);
  const [answer] = row?.["QUERY PLAN"] as [Answer];
  const steps = stepsOf(answer.Plan);
  return {
    steps: steps.map((step) =>
      [step["Node Type"], step["Index Name"] ?? step["Relation Name"] ?? ""].join(" ").trim(),
    ),
    indexes: namesOf(steps, (step) => step["Index Name"]),
    scanned: namesOf(steps, (step) =>
      step["Node Type"] === "Seq Scan" ? step["Relation Name"] : undefined,
    ),
    pages: answer.Plan["Shared Hit Blocks"] + answer.Plan["Shared Read Blocks"],
    ms: answer["Execution Time"],
    planningMs: answer["Planning Time"],
  };
}

const stepsOf = (step: Step): Step[] => [step, ...(step.Plans ?? []).flatMap(stepsOf)];

const namesOf = (steps: readonly Step[], nameOf: (step: Step) => string | undefined): string[] => [
  ...new Set(steps.flatMap((step) => nameOf(step) ?? [])),
];
