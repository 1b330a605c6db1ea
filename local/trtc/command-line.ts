/** The flags of `npm run emulator`, read into what startEmulator takes. */
import { parseArgs } from "node:util";
import { named, parseJson, readConfigFile } from "./config-file.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "./defaults.js";
import type { EmulatorOptions } from "./server.js";
import { readSwitches } from "./switches.js";

export const HELP = `An emulator of TRTC's control plane: StartStreamIngest and its siblings.

  npm run emulator -- [flags]

  --port <n>             the port (TRTC_PORT, or 3001; 0: any free one)
  --host <host>          where to listen (127.0.0.1)
  --allow-remote         needed for a host that is not loopback: the emulator's own endpoints ask for no key
  --set <name>=<value>   sets a switch, as sameRobot=interrupt or 'answers={"StartStreamIngest":{"code":"InternalError.DBError"}}'
  --config <file>        JSON with accounts, applications and switches, instead of the defaults
  --quiet                no line per call
  --help

The switches, the endpoints and what is imitated are in local/trtc/README.md.
`;

export interface CommandLine {
  help: boolean;
  quiet: boolean;
  /** As given, if it was. */
  port: string | undefined;
  options: Omit<EmulatorOptions, "port">;
}

const FLAGS = {
  port: { type: "string" },
  host: { type: "string" },
  "allow-remote": { type: "boolean" },
  set: { type: "string", multiple: true },
  config: { type: "string" },
  quiet: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Throws an Error that says what is wrong. */
export function readCommandLine(args: readonly string[]): CommandLine {
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
      applications,
      allowRemote: values["allow-remote"] ?? false,
      switches: named("switches", () => readSwitches(switches)),
      ...(values.host !== undefined && { host: values.host }),
    },
  };
}

/** A value is JSON if it can be, and otherwise a text: `sameRobot=interrupt` needs no quotes. */
function readSetting(setting: string): [name: string, value: unknown] {
  const at = setting.indexOf("=");
  if (at < 1) throw new Error(`--set ${setting}: write it as <name>=<value>`);
  const text = setting.slice(at + 1);
  return [setting.slice(0, at), parseJson(text) ?? text];
}
