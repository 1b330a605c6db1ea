/** A command that sends a list's action: a page of rows, or all of them. */
import type { Action } from "../../shared/contract/schemas.js";
import type { Json } from "../../shared/json.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { rowsOf } from "../../local/terminal/ingests.js";
import type { Io } from "../../local/terminal/io.js";
import { type Column, linesFor } from "../../local/terminal/table.js";
import { addFields } from "../api/fields.js";
import { pagesOf } from "../api/pages.js";
import { readRequest } from "../api/request.js";
import { type CallFlags, connect, show, withTarget } from "./action-command.js";

export interface ListSpec {
  name: string;
  action: Action;
  description: string;
  examples: string;
  /** The field that stands without a flag. */
  positional?: { field: string; isOptional?: boolean };
  /** The field of the answer that has the rows, and what they are called. */
  rows: string;
  things: string;
  columns: (io: Io) => readonly Column<Json>[];
  /** Every page, also without `--all`. */
  isWhole?: boolean;
}

export function listCommand(spec: ListSpec): CommandModule {
  const { name, action, description, examples, positional, isWhole = false } = spec;
  const command = () => {
    const made = newCommand(name, description, examples);
    if (positional) {
      made.argument(
        positional.isOptional === true ? `[${positional.field}]` : `<${positional.field}>`,
      );
    }
    addFields(made, action, { positional: positional ? [positional.field] : [] });
    if (!isWhole) made.option("--all", "every page, and not only the first");
    return withTarget(made);
  };
  return {
    command,
    async run(args, io) {
      const { flags, rest } = parse(command(), args);
      const { all = isWhole, ...others } = flags as CallFlags & { all?: boolean };
      const [named] = rest;
      const fields = positional && named !== undefined ? { [positional.field]: named } : {};
      const request = await readRequest(action, { flags: others, positional: fields }, io);
      const connection = await connect(others, io);
      const isTable = io.out.isTTY === true && others.json !== true;
      const rows: Json[] = [];
      let isMore = false;
      for await (const answer of pagesOf(connection, action, { request, isWhole: all })) {
        const page = rowsOf(answer.response[spec.rows]);
        isMore = !all && typeof answer.response["NextCursor"] === "string";
        if (answer.error || others.json === true) {
          const code = show(answer, { flags: others, io, lines: () => [] });
          if (code !== 0) return code;
        } else if (isTable) rows.push(...page);
        else writeRows(io, spec, page);
      }
      // Columns stand below each other on all pages.
      if (isTable) writeRows(io, spec, rows);
      if (isMore && others.json !== true)
        io.err.write("there are more: send --all for every page\n");
      return 0;
    },
  };
}

function writeRows(io: Io, { columns, things }: ListSpec, rows: readonly Json[]): void {
  if (rows.length === 0) {
    if (io.out.isTTY === true) io.out.write(`no ${things}\n`);
    return;
  }
  io.out.write(`${linesFor(io, columns(io), rows).join("\n")}\n`);
}
