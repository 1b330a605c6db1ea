/** `npm run doctor`: what is wrong with a configuration, and what to do about it. */
import { environment } from "../shared/config.js";
import { systemClock } from "../shared/clock.js";
import { HELP, readCommandLine } from "./doctor/command-line.js";
import { examine } from "./doctor/examine.js";
import { redactor, summaryLine, summaryOf, table } from "./doctor/report.js";
import { progressOn } from "./progress.js";

async function main(): Promise<void> {
  const { help, strict, json, subject } = readCommandLine(process.argv.slice(2), environment());
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  // The table follows on the other stream: a few seconds of silence are for those who read neither.
  const progress = process.stderr.isTTY ? progressOn(process.stderr, systemClock) : undefined;
  const rows = await examine(subject, (done, all) => {
    progress?.show(`checked ${done} of ${all}`);
  });
  progress?.end();
  const summary = summaryOf(rows, { strict });
  const hasColours = process.stdout.isTTY && environment()["NO_COLOR"] === undefined;
  const text = json
    ? `${JSON.stringify({ ...summary, rows }, null, 2)}\n`
    : `${table(rows, { colours: hasColours })}\n${summaryLine(summary)}\n`;
  process.stdout.write(redactor(subject.env)(text));
  process.exitCode = summary.ok ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
