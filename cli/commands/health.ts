/** `health`: whether a deployment is healthy, by an operator's key. */
import { hasColours, type Io, print } from "../../local/terminal/io.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { printable, printableJson } from "../../local/terminal/terminal.js";
import { summaryLine, summaryOf, table } from "../../ops/doctor/report.js";
import type { Row } from "../../shared/health/row.js";
import { type HealthAnswer, readHealth } from "../api/health.js";
import { readOperatorTarget } from "../api/operator-target.js";
import { NoAnswer } from "../api/send.js";
import { type CallFlags, withTarget } from "./action-command.js";
import { readInterval } from "./live.js";
import { type Screen, screenOn } from "./screen.js";

const command = () =>
  withTarget(
    newCommand(
      "health",
      `Shows whether a deployment is healthy: GET /health. Each row is pass, warn or fail, and says what to do.
Ends with 1 when something fails.

It needs an operator's key: TRTC_INGEST_OPERATOR_KEY, or OperatorKey of a profile. Where the function health has
a URL of its own, TRTC_INGEST_HEALTH_URL or HealthUrl names it.`,
      `
trtc-ingest health
trtc-ingest health --watch --interval 10
trtc-ingest health --json | jq -r '.checks[] | select(.verdict == "fail") | .check'`,
    )
      .option("--watch", "live rows, until Ctrl-C")
      .option("--interval <seconds>", "the time between two requests of --watch", "5")
      .option("--strict", "warnings count as failures"),
  );

interface HealthFlags extends CallFlags {
  watch?: boolean;
  interval: string;
  strict?: boolean;
}

export const health: CommandModule = {
  command,
  async run(args, outer) {
    const flags = parse(command(), args).flags as HealthFlags;
    const intervalMs = readInterval(flags.interval);
    const screen = screenOn(outer);
    const { io } = screen;
    const target = await readOperatorTarget(io.env, flags);
    const ask = async () => {
      if (flags.verbose === true) io.err.write(`> GET ${printable(target.url.href)}\n`);
      return readHealth(target);
    };
    if (flags.watch === true) return watch(screen, { ask, flags, intervalMs });
    const answer = await ask();
    if (flags.json === true) print(io, printableJson(answer.body));
    else io.out.write(`${pageOf(io, answer, flags).join("\n")}\n`);
    return codeOf(answer, flags);
  },
};

const codeOf = ({ checks }: HealthAnswer, { strict = false }: HealthFlags): number =>
  summaryOf(checks, { strict }).ok ? 0 : 1;

function pageOf(io: Io, { checks }: HealthAnswer, { strict = false }: HealthFlags): string[] {
  const rows = table(checks, { colours: hasColours(io) })
    .trimEnd()
    .split("\n");
  return [...rows, "", summaryLine(summaryOf(checks, { strict }))];
}

interface Watched {
  ask: () => Promise<HealthAnswer>;
  flags: HealthFlags;
  intervalMs: number;
}

/** Until an interrupt. Returns the exit code of the last answer. */
async function watch({ io, draw }: Screen, { ask, flags, intervalMs }: Watched): Promise<number> {
  const interrupted = io.untilInterrupted();
  const writeChanges = changesOn(io);
  let code = 1;
  while (!interrupted.aborted) {
    try {
      const answer = await ask();
      code = codeOf(answer, flags);
      if (flags.json === true) print(io, printableJson(answer.body));
      else if (io.out.isTTY === true) draw(pageOf(io, answer, flags));
      else writeChanges(answer.checks);
    } catch (error) {
      // A network comes back. What is on the screen stays true until then.
      if (!(error instanceof NoAnswer)) throw error;
      code = 1;
      io.err.write(`${printable(error.message)}\n`);
    }
    await io.clock.sleep(intervalMs, interrupted);
  }
  return code;
}

/** Each row at first, and again when its verdict has changed. Its age changes with each answer. */
function changesOn(io: Io): (rows: readonly Row[]) => void {
  let before = new Map<string, string>();
  return (rows) => {
    const now = new Map<string, string>();
    for (const { check, verdict, found: finding, todo } of rows) {
      // A check may have more than one row, such as one for each receiver.
      const place = `${check} ${[...now.keys()].filter((key) => key.startsWith(`${check} `)).length}`;
      now.set(place, verdict);
      if (before.get(place) === verdict) continue;
      const cells = [io.clock.now().toISOString(), verdict, check, finding, todo ?? ""];
      io.out.write(`${cells.map(printable).join("\t")}\n`);
    }
    before = now;
  };
}
