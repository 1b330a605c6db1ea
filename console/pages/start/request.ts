/** The request of the start form. Texts that are no numbers go as they are: the API refuses them. */
import type { Field } from "../../parts/field.js";

const NUMBERS: readonly string[] = [
  "SdkAppId",
  "RoomIdType",
  "RepeatNum",
  "MaxDuration",
  "StopWhenEmptySeconds",
];

type Body = Record<string, unknown>;

export function readStart(fields: ReadonlyMap<string, Field>): Body {
  const body: Body = {};
  for (const [name, { control }] of fields) {
    if (control instanceof HTMLInputElement && control.type === "checkbox") {
      if (control.checked) body[name] = true;
      continue;
    }
    const text = control.value.trim();
    if (text === "") continue;
    if (name === "StartTime") body[name] = instantOf(text);
    else if (name === "StreamUrl") readSource(text, body);
    else body[name] = NUMBERS.includes(name) ? numberOf(text) : text;
  }
  return body["Playlist"] === undefined ? body : asList(body);
}

/** Several lines are a list: `URL`, or `URL | title`. */
function readSource(text: string, body: Body): void {
  const lines = text.split("\n").map((line) => line.trim());
  const items = lines.filter((line) => line !== "").map(itemOf);
  const [first] = items;
  if (items.length === 1 && first?.Title === undefined) body["StreamUrl"] = text;
  else body["Playlist"] = items;
}

function itemOf(line: string): { StreamUrl: string; Title?: string } {
  const [url = "", ...rest] = line.split("|").map((part) => part.trim());
  const title = rest.join("|");
  return title === "" ? { StreamUrl: url } : { StreamUrl: url, Title: title };
}

/** A list repeats by a field of its own. */
function asList({ RepeatNum, ...body }: Body): Body {
  return RepeatNum === undefined ? body : { ...body, PlaylistRepeatNum: RepeatNum };
}

const numberOf = (text: string): number | string =>
  /^-?\d{1,15}$/.test(text) ? Number(text) : text;

/** A local date and time of the browser. */
function instantOf(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}
