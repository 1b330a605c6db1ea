/** `npm start`: runs everything on this machine, until SIGINT or SIGTERM. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../shared/clock.js";
import { environment } from "../shared/config/environment.js";
import { consoleLog, type Log } from "../shared/log.js";
import { DEFAULT_APPLICATIONS } from "../emulator/defaults.js";
import { LOCAL_CALLER } from "./environment/local-environment.js";
import { logFilesOf, openFileLog } from "./environment/log-file.js";
import { dataDirectoryOf, runFileOf } from "./environment/run-file.js";
import { startLocal } from "./runtime.js";
import { readPort } from "./terminal/port.js";
import { runUntilSignal } from "./terminal/run-until-signal.js";
import { terminalLog } from "./terminal/terminal-log.js";
import { endBySignal, out, runMain } from "./terminal/terminal.js";

const HELP = `Runs the functions, their timers, a database and the TRTC emulator on this machine.

  npm start

  PORT                 the gateway's port (3000; 0: any free one)
  TRTC_PORT            the emulator's port (3001; 0: any free one)
  TRTC_ENDPOINT        a running emulator to use instead, such as http://127.0.0.1:3001
  DATABASE_URL         a PostgreSQL to use instead of the embedded database
  DATA_DIR             the folder of the embedded database and of the log (.data)
  EXPIRY_TICK_SECONDS  the interval of expire-ingests (5)
  ADVANCE_TICK_SECONDS the interval of advance-ingests (5)

The functions' own variables (CALLERS, TRTC_APPS, …) are in docs/configuration.md; all have local defaults.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (values.help) {
    out(HELP);
    return;
  }
  const env = environment();
  const shown = process.stdout.isTTY ? terminalLog(out, systemClock) : consoleLog;
  const file = openFileLog(logFilesOf(env));
  const log: Log = (fields) => {
    shown(fields);
    file.log(fields);
  };
  const runtime = await startLocal({
    env,
    port: readPort(env, "PORT", 3000),
    trtcPort: readPort(env, "TRTC_PORT", 3001),
    dataDirectory: join(dataDirectoryOf(env), "postgres"),
    runFile: runFileOf(env),
    log,
  });
  const signalled = runUntilSignal();
  // With the user's own CALLERS our key does not apply, and theirs must not be printed.
  const key = env["CALLERS"] ? "<a SecretKey of CALLERS>" : LOCAL_CALLER.SecretKey;
  if (runtime.eventCaller !== undefined) {
    out(`events: the rules of npm start play as ${runtime.eventCaller}, the first of CALLERS`);
  }
  out(tryThis({ url: runtime.url, trtcUrl: runtime.trtcUrl, key }));
  out(`ready ${runtime.url}`);
  await signalled;
  await runtime.close();
  file.close();
  // An aborted request may still wait for its slot, although its client is gone.
  process.exit();
}

const tryThis = ({ url, trtcUrl, key }: Record<"url" | "trtcUrl" | "key", string>): string =>
  `TRTC ${trtcUrl} (every task: ${trtcUrl}/_emulator/tasks)
console ${url}/console/
try: curl -s ${url}/start-ingest -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${JSON.stringify(
    {
      SdkAppId: DEFAULT_APPLICATIONS[0]?.sdkAppId,
      RoomId: "lobby",
      RoomIdType: 0,
      StreamUrl: `${trtcUrl}/media/clip.mp4`,
      RepeatNum: -1,
      MaxDuration: 5,
    },
  )}'`;

runMain(main, endBySignal);
