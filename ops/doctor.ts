/** `npm run doctor`: reports what is wrong with a configuration and how to correct it. */
import { environment } from "../shared/config/environment.js";
import { systemClock } from "../shared/clock.js";
import { type CommandLine, HELP, readCommandLine } from "./doctor/command-line.js";
import { examine } from "./doctor/examine.js";
import { redactor, summaryLine, summaryOf, table } from "./doctor/report.js";
import { progressOn } from "../local/terminal/progress.js";
import { askDesk, findRun } from "../local/environment/run-file.js";
import { printableJson, runMain } from "../local/terminal/terminal.js";

async function main(): Promise<void> {
  const { help, strict, json, subject } = await commandLine(process.argv.slice(2));
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  // Progress goes to the other stream. The table follows after a few seconds.
  const progress = process.stderr.isTTY ? progressOn(process.stderr, systemClock) : undefined;
  const rows = await examine(subject, (done, all) => {
    progress?.show(`checked ${done} of ${all}`);
  });
  progress?.end();
  const summary = summaryOf(rows, { strict });
  const hasColours = process.stdout.isTTY && environment()["NO_COLOR"] === undefined;
  const text = json
    ? `${printableJson({ ...summary, rows }, 2)}\n`
    : `${table(rows, { colours: hasColours })}\n${summaryLine(summary)}\n`;
  process.stdout.write(redactor(subject.env)(text));
  process.exitCode = summary.ok ? 0 : 1;
}

/** Reads the flags once to find the settings, and again with the run that the settings lead to. */
async function commandLine(args: string[]): Promise<CommandLine> {
  const outer = environment();
  const first = readCommandLine(args, outer);
  if (first.help || !first.subject.isLocal) return first;
  const run = await findRun(first.subject.env);
  if (!run) return first;
  const { aheadMs } = (await askDesk(run, "about")) as { aheadMs: number };
  return readCommandLine(args, outer, { ...run, aheadMs });
}

runMain(main);
