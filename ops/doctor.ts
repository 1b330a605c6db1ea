/** `trtc-ingest doctor`: reports what is wrong with a configuration and how to correct it. */
import { type CommandLine, doctorCommand, readCommandLine } from "./doctor/command-line.js";
import { examine } from "./doctor/examine.js";
import { redactor, summaryLine, summaryOf, table } from "./doctor/report.js";
import { progressOn } from "../local/terminal/progress.js";
import { askDesk, findRun } from "../local/environment/run-file.js";
import type { CommandModule } from "../local/terminal/command.js";
import { hasColours, type Io } from "../local/terminal/io.js";
import { printableJson } from "../local/terminal/terminal.js";

export const doctor: CommandModule = {
  command: doctorCommand,
  async run(args, io) {
    const { strict, json, subject } = await commandLine(args, io);
    // Progress goes to the other stream. The table follows after a few seconds.
    const progress = io.err.isTTY === true ? progressOn(io.err, io.clock) : undefined;
    const rows = await examine(subject, (done, all) => {
      progress?.show(`checked ${done} of ${all}`);
    });
    progress?.end();
    const summary = summaryOf(rows, { strict });
    const text = json
      ? `${printableJson({ ...summary, rows }, 2)}\n`
      : `${table(rows, { colours: hasColours(io) })}\n${summaryLine(summary)}\n`;
    io.out.write(redactor(subject.env)(text));
    return summary.ok ? 0 : 1;
  },
};

/** Reads the flags once to find the settings, and again with the run that the settings lead to. */
async function commandLine(args: readonly string[], { env }: Io): Promise<CommandLine> {
  const first = readCommandLine(args, env);
  if (!first.subject.isLocal) return first;
  const run = await findRun(first.subject.env);
  if (!run) return first;
  const { aheadMs } = (await askDesk(run, "about")) as { aheadMs: number };
  return readCommandLine(args, env, { ...run, aheadMs });
}
