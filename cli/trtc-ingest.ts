/** `trtc-ingest`: the command line, as a process. */
import { processIo } from "../local/terminal/io.js";
import { runMain } from "../local/terminal/terminal.js";
import { runCommandLine } from "./run.js";

runMain(async () => {
  process.exitCode = await runCommandLine(process.argv.slice(2), processIo());
});
