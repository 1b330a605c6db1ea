/** Flags made of an action's fields: `--stream-url` is StreamUrl. */
import type { TSchema } from "@sinclair/typebox";
import { type Command, Option } from "commander";
import { type Action, SCHEMAS } from "../../shared/contract/schemas.js";

/** Secrets never stand in arguments, which every process of the machine can see. */
const SECRET: ReadonlySet<string> = new Set(["UserSig", "PrivateMapKey"]);

/** The fields of both sites. The function refuses those that its site does not have. */
export const fieldsOf = (action: Action): Readonly<Record<string, TSchema>> =>
  SCHEMAS[action].cn.properties;

export const flagOf = (field: string): string =>
  `--${field.replace(/(?!^)[A-Z]/g, "-$&").toLowerCase()}`;

/** The name by which commander hands the flag on. */
export const attributeOf = (field: string): string =>
  `${field.slice(0, 1).toLowerCase()}${field.slice(1)}`;

/** Adds a flag for each field that `positional` does not have. */
export function addFields(
  command: Command,
  action: Action,
  { positional }: { positional: readonly string[] },
): void {
  for (const [field, schema] of Object.entries(fieldsOf(action))) {
    if (SECRET.has(field) || positional.includes(field)) continue;
    const text = schema.description ?? "";
    if (schema["type"] === "boolean") {
      command.addOption(new Option(flagOf(field), text));
      command.addOption(new Option(flagOf(field).replace("--", "--no-")).hideHelp());
      continue;
    }
    const option = new Option(`${flagOf(field)} <${kindOf(schema)}>`, text);
    const choices = schema["enum"] as readonly unknown[] | undefined;
    if (choices && schema["type"] === "string") option.choices(choices.map(String));
    command.addOption(option);
  }
}

function kindOf({ type, items, description }: TSchema): string {
  if (type === "integer" || type === "number") return "n";
  if (type === "object" || (items as TSchema | undefined)?.["type"] === "object") return "json";
  if (type === "array") return "list";
  return /ISO 8601/.test(String(description)) ? "when" : "text";
}
