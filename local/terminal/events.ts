/** The history of ingests as the API answers it, as rows of a table. */
import { isObject, type Json } from "../../shared/json.js";
import { textOf } from "./ingests.js";
import type { Column } from "./table.js";

const actorOf = ({ Actor }: Json): Json => (isObject(Actor) ? Actor : {});

export const EVENT_COLUMNS: readonly Column<Json>[] = [
  { title: "TIME", cell: ({ Time }) => textOf(Time) },
  {
    title: "WHAT",
    cell: ({ Type }) => textOf(Type),
    colour: ({ Type }) => (Type === "start-failed" ? "red" : undefined),
  },
  {
    title: "WHO",
    cell: (event) => `${textOf(actorOf(event)["Kind"])} ${textOf(actorOf(event)["Id"])}`.trim(),
  },
  { title: "FROM", cell: (event) => textOf(actorOf(event)["From"]) },
  { title: "REQUEST", cell: (event) => textOf(actorOf(event)["RequestId"]) },
  { title: "CHANGE", cell: changesOf },
];

/** `Deadline 2026-… → 2026-…, State running → ended`. */
function changesOf({ Before, After }: Json): string {
  const before = isObject(Before) ? Before : {};
  const after = isObject(After) ? After : {};
  const names = new Set(Object.keys(before).concat(Object.keys(after)));
  return Array.from(names, (name) => changeOf(name, before[name], after[name])).join(", ");
}

function changeOf(name: string, before: unknown, after: unknown): string {
  const from = textOf(before);
  return from === "" ? `${name} ${textOf(after)}` : `${name} ${from} → ${textOf(after)}`;
}
