/** `npm run emulator`: runs the TRTC emulator alone, until SIGINT or SIGTERM. */
import { environment } from "../shared/config/environment.js";
import { readPort, explainBusyPort } from "./terminal/port.js";
import { runUntilSignal } from "./terminal/run-until-signal.js";
import { HELP, readCommandLine } from "../emulator/command-line.js";
import { DEFAULT_PORT } from "../emulator/defaults.js";
import { type LoggedFailure, sourceFailureText } from "../emulator/tasks/open-source.js";
import { startEmulator } from "../emulator/server.js";
import type { LogEntry } from "../emulator/world.js";
import { endBySignal, out, runMain } from "./terminal/terminal.js";

async function main(): Promise<void> {
  const env = environment();
  const { help, quiet, port, options } = readCommandLine(process.argv.slice(2), env);
  if (help) {
    out(HELP);
    return;
  }
  const emulator = await startEmulator({
    ...options,
    port: readPort({ TRTC_PORT: port ?? env["TRTC_PORT"] }, "TRTC_PORT", DEFAULT_PORT),
    ...(!quiet && { log: logLine, logSourceFailure: logSource }),
  }).catch(explainBusyPort("TRTC_PORT, or --port,"));
  const signalled = runUntilSignal();
  out(`ready ${emulator.url}`);
  await signalled;
  await emulator.close();
}

const logLine = ({ requestId, action, outcome, fault, detail }: LogEntry) =>
  out([requestId, action, outcome, fault && `fault:${fault}`, detail].filter(Boolean).join(" "));

const logSource = (failure: LoggedFailure) => out(sourceFailureText(failure));

runMain(main, endBySignal);
