/**
 * `npm run demo`: an ingest from start to end, on free ports and in memory, through the unmodified
 * official SDK. It watches what the emulator plays, and ends with 1 when that is not as promised.
 */
import { parseArgs } from "node:util";
import { SECOND_MS, systemClock as clock } from "../shared/clock.js";
import { environment } from "../shared/config/environment.js";
import { jsonLog } from "../shared/log.js";
import { playLoop } from "./demo/loop.js";
import { playProgramme } from "./demo/programme.js";
import { type DemoRun, sdkClient } from "./demo/run.js";
import { playSchedule } from "./demo/schedule.js";
import { startLocal } from "./runtime.js";
import { out, runMain } from "./terminal/terminal.js";

const HELP = `Starts a loop through the official SDK, watches it play, and checks that it stops on its StopTime.

  npm run demo [-- --programme | --schedule] [-- --verbose]

  --programme  plays a list of three items instead, and loses the source of the second for a while
  --schedule   plays the first window of a schedule instead, on a clock that it moves
  --verbose    also prints the functions' log lines
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      programme: { type: "boolean" },
      schedule: { type: "boolean" },
      verbose: { type: "boolean" },
    },
  });
  if (values.help) {
    out(HELP);
    return;
  }
  const startedMs = clock.elapsedMs();
  const { DATABASE_URL: _, TRTC_ENDPOINT: __, ...env } = environment();
  const log = jsonLog((line) => values.verbose && out(line));
  const runtime = await startLocal({ env, port: 0, trtcPort: 0, log });
  out(`functions  ${runtime.url}\nTRTC       ${runtime.trtcUrl} (emulator)`);
  out(`           up in ${((clock.elapsedMs() - startedMs) / SECOND_MS).toFixed(1)} s`);
  try {
    const run = { client: sdkClient(runtime.url), trtcUrl: runtime.trtcUrl };
    await demoOf(values)(run);
    out("\nall as promised");
  } finally {
    await runtime.close();
  }
}

function demoOf({
  programme,
  schedule,
}: {
  programme?: boolean;
  schedule?: boolean;
}): (run: DemoRun) => Promise<void> {
  if (programme === true) return playProgramme;
  return schedule === true ? playSchedule : playLoop;
}

runMain(main);
