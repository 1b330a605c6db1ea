/** Reads the flags of `npm run emulator` into the options of startEmulator. */
import { parseArgs } from "node:util";
import { named, parseJson, readCallback, readConfigFile } from "./config-file.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "./defaults.js";
import { type Fault, readFaults } from "./faults/fault.js";
import type { Application } from "./accounts.js";
import type { EmulatorOptions } from "./server.js";
import { readSwitches } from "./admin/switches.js";

export const HELP = `An emulator of TRTC's control plane: StartStreamIngest and its related actions.

  npm run emulator -- [flags]

  --port <n>             the port (TRTC_PORT, or 3001; 0: any free one)
  --host <host>          where to listen (127.0.0.1)
  --allow-remote         needed for a host that is not loopback: the emulator's own endpoints require no key
  --set <name>=<value>   sets a switch, such as sameRobot=interrupt or concurrency=3
  --fault <json>         sets a fault, such as '{"action":"StartStreamIngest","kind":"lose-answer","times":1}'
  --callback-url <url>   the receiver of room and ingest events (TRTC_CALLBACK_URL, or none)
  --callback-key <key>   the key that signs them (TRTC_CALLBACK_KEY, which process lists do not show, or none)
  --config <file>        JSON with accounts, applications, switches and faults, instead of the defaults
  --quiet                no line per call
  --help

emulator/README.md describes the switches, the faults, the endpoints and the imitated behaviour.
`;

export interface CommandLine {
  help: boolean;
  quiet: boolean;
  /** As given. Undefined when it was not given. */
  port: string | undefined;
  options: Omit<EmulatorOptions, "port">;
}

const FLAGS = {
  port: { type: "string" },
  host: { type: "string" },
  "allow-remote": { type: "boolean" },
  set: { type: "string", multiple: true },
  fault: { type: "string", multiple: true },
  "callback-url": { type: "string" },
  "callback-key": { type: "string" },
  config: { type: "string" },
  quiet: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Throws an Error that says what is wrong. */
export function readCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): CommandLine {
  const { values } = parseArgs({ args: [...args], options: FLAGS });
  const file = values.config === undefined ? {} : readConfigFile(values.config);
  const { accounts = DEFAULT_ACCOUNTS, applications = DEFAULT_APPLICATIONS } = file;
  const switches = { ...file.switches, ...Object.fromEntries((values.set ?? []).map(readSetting)) };
  return {
    help: values.help ?? false,
    quiet: values.quiet ?? false,
    port: values.port,
    options: {
      accounts,
      applications: applications.map(withCallback(values, env)),
      allowRemote: values["allow-remote"] ?? false,
      switches: named("switches", () => readSwitches(switches)),
      faults: [...(file.faults ?? []), ...(values.fault ?? []).flatMap(readFaultFlag)],
      ...(values.host !== undefined && { host: values.host }),
    },
  };
}

/** A value is JSON if it parses as JSON, otherwise text: `sameRobot=interrupt` needs no quotes. */
function readSetting(setting: string): [name: string, value: unknown] {
  const at = setting.indexOf("=");
  if (at < 1) throw new Error(`--set ${setting}: write it as <name>=<value>`);
  const text = setting.slice(at + 1);
  return [setting.slice(0, at), parseJson(text) ?? text];
}

function readFaultFlag(text: string): Fault[] {
  const json = parseJson(text);
  if (json === undefined) throw new Error(`--fault ${text} is not JSON`);
  return named("--fault", () => readFaults(json));
}

/** An application in the file with its own address keeps it, with its key. */
function withCallback(
  flags: { "callback-url"?: string | undefined; "callback-key"?: string | undefined },
  { TRTC_CALLBACK_URL, TRTC_CALLBACK_KEY }: Readonly<Record<string, string | undefined>>,
): (application: Application) => Application {
  const callbackUrl = flags["callback-url"] ?? TRTC_CALLBACK_URL;
  const callbackKey = flags["callback-key"] ?? TRTC_CALLBACK_KEY;
  const callback = readCallback("--callback-url, --callback-key", {
    ...(callbackUrl && { callbackUrl }),
    ...(callbackKey && { callbackKey }),
  });
  return (application) =>
    application.callbackUrl === undefined ? { ...application, ...callback } : application;
}
