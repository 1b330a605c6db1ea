/** The command line in this process, with its output captured: a process costs a second. */
import { runCommandLine } from "../../cli/run.js";
import type { Io } from "../../local/terminal/io.js";
import { type Clock, systemClock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";

export interface CliOptions {
  clock?: Clock;
  /** Its number of columns. Absent: the output is no terminal. */
  terminal?: number;
  input?: string;
  /** Aborts as Ctrl-C would. */
  interrupt?: AbortSignal;
}

export interface CliResult {
  code: number;
  out: string;
  err: string;
  /** Both, in the order of their lines. */
  output: string;
}

/** The variables of the tests' environment are set too, as in a process. */
export async function cli(
  args: string[],
  env: Environment = {},
  { clock = systemClock, terminal, input = "", interrupt }: CliOptions = {},
): Promise<CliResult> {
  const result = { out: "", err: "", output: "" };
  const stream = (name: "out" | "err"): Io["out"] => ({
    write(text) {
      result[name] += text;
      result.output += text;
    },
    isTTY: terminal !== undefined,
    columns: terminal,
  });
  const code = await runCommandLine(args, {
    env: { ...process.env, ...env },
    clock,
    out: stream("out"),
    err: stream("err"),
    readInput: () => Promise.resolve(input),
    untilInterrupted: () => interrupt ?? new AbortController().signal,
  });
  return { code, ...result };
}

/** The exit code and all output, as of a process that a person watches. */
export async function runCli(args: string[], env: Environment = {}) {
  const { code, output } = await cli(args, env);
  return { code, output };
}

/** Between two requests of a live command the next step is carried out. After the last one comes Ctrl-C. */
export function watching(steps: (() => unknown)[], options: CliOptions = {}): CliOptions {
  const interrupt = new AbortController();
  const sleep = async () => {
    const step = steps.shift();
    if (step) await step();
    else interrupt.abort();
  };
  return { ...options, interrupt: interrupt.signal, clock: { ...systemClock, sleep } };
}
