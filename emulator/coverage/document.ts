/** COVERAGE.md: what is imitated, and by which cause, made from the tables that the code goes by. */
import type { TObject, TSchema } from "@sinclair/typebox";
import { expected } from "../../shared/contract/check.js";
import { REGIONS } from "../api/regions.js";
import { TRTC_ACTIONS, TRTC_SCHEMAS, type TrtcAction } from "../api/schemas.js";
import { DEFAULT_SWITCHES } from "../admin/switches.js";
import { CODE_CAUSES, DOCUMENTED_CODES } from "./codes.js";
import { CONTAINER_ROWS } from "./containers.js";
import { EVENT_CAUSES, EVENTS_NOT_SENT } from "./events.js";
import { FIELD_EFFECTS, FIELDS_REFUSED } from "./fields.js";
import { SOURCE_ROWS, type SourceRow } from "./sources.js";
import { TRANSPORT_ROWS } from "./transport.js";

export const coverageText = (): string =>
  `${[
    HEAD,
    "## Sources",
    SOURCES_HEAD,
    table(["source", "701", "container", "seconds", "failure", "ends by itself"], sourceRows()),
    "### How it is reached",
    table(["kind", "here"], TRANSPORT_ROWS),
    "### What is in it",
    table(["kind", "here"], CONTAINER_ROWS),
    "## Actions and fields",
    ...TRTC_ACTIONS.flatMap(actionPart),
    "### Refused",
    table(["field", "why it is `UnknownParameter`"], Object.entries(FIELDS_REFUSED).map(codeFirst)),
    "## Error codes",
    "Listed: on the page of that action. Every code that is listed is seen by a test through the official SDK.",
    table(["code", "listed for", "cause"], codeRows()),
    "## Events",
    table(["event", "cause"], Object.entries(EVENT_CAUSES)),
    EVENTS_NOT_SENT,
    "## Switches",
    "What is undocumented, each with its default; README.md says what the other values mean.",
    table(["switch", "default"], switchRows()),
    "## Not imitated",
    NOT_IMITATED,
  ].join("\n\n")}\n`;

const HEAD = `# What the emulator imitates

Made by \`npm run emulator:coverage\` from the code; a test fails when this page falls behind.`;

const SOURCES_HEAD = `What a start gets for each. The answer with its TaskId comes before the source is opened. Then 701 tells the outcome. Describe says
\`InProgress\` until the task ends and \`NotExist\` after it. \`GET /_emulator/tasks\` shows what was found.`;

const NOT_IMITATED = `Rooms hold robots only. There are no viewers, no recordings and no relays to a CDN. No media is transcoded or sent. Only the browser
that opens a room's page decodes the picture. Nothing is billed. Quotas and packages are those of the switches and the configuration file. The
emulator knows regions by their names only. Where TRTC leaves open what matters, there is a switch. Behaviour that is neither documented nor known
is missing.`;

function sourceRows(): string[][] {
  return Object.values<SourceRow>(SOURCE_ROWS).map(
    ({ what, statuses, container, durationSeconds, failure, endReason }) => [
      what,
      statuses.join(", "),
      container ?? "",
      durationSeconds === null ? (container === null ? "" : "no end") : String(durationSeconds),
      failure ?? "",
      endReason ?? "no",
    ],
  );
}

function actionPart(action: TrtcAction): string[] {
  const { intl, cn } = REGIONS[action];
  const regions = `Regions: international ${intl.join(", ")}; Chinese ${cn.join(", ")}.`;
  return [`### ${action}`, regions, table(["field", "site", "takes", "here"], fieldRows(action))];
}

function fieldRows(action: TrtcAction): string[][] {
  const { intl, cn }: Record<"intl" | "cn", TObject> = TRTC_SCHEMAS[action];
  const names = [...new Set([...Object.keys(intl.properties), ...Object.keys(cn.properties)])];
  const effects: Readonly<Record<string, string>> = FIELD_EFFECTS[action];
  return names.map((name) => {
    const [one, other] = [intl.properties[name], cn.properties[name]];
    const site = one && other ? "both" : one ? "intl" : "cn";
    return [`\`${name}\`${required(intl, cn, name)}`, site, takes(one, other), effects[name] ?? ""];
  });
}

const required = (intl: TObject, cn: TObject, name: string): string =>
  [intl, cn].some((schema) => (schema.required ?? []).includes(name)) ? " *" : "";

/** In words, and twice where the sites differ. */
function takes(intl: TSchema | undefined, cn: TSchema | undefined): string {
  const [one, other] = [intl, cn].map((schema) => (schema ? wordsFor(schema) : undefined));
  if (one === undefined || other === undefined || one === other) return one ?? other ?? "";
  return `${one}; on the Chinese site ${other}`;
}

/** A pattern says nothing to a reader that the error code's cause does not say better. */
const wordsFor = (schema: TSchema): string =>
  schema["type"] === undefined && schema["enum"] === undefined
    ? "a list"
    : expected(schema).replace(/ that fits .*$/, "");

function codeRows(): string[][] {
  const listed: [string, readonly string[]][] = Object.entries(DOCUMENTED_CODES);
  const short = (action: string) => action.replace("StreamIngest", "");
  return Object.entries(CODE_CAUSES).map(([code, cause]) => [
    `\`${code}\``,
    listed.flatMap(([action, codes]) => (codes.includes(code) ? short(action) : [])).join(", "),
    cause,
  ]);
}

const switchRows = (): string[][] =>
  Object.entries({ ...DEFAULT_SWITCHES, concurrency: DEFAULT_SWITCHES.concurrency ?? "no limit" })
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => [`\`${name}\``, `\`${String(value)}\``]);

const codeFirst = ([name, text]: [string, string]): string[] => [`\`${name}\``, text];

const table = (head: readonly string[], rows: readonly string[][]): string =>
  [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
