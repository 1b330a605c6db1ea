/** An operator who has the command line only. Each command is a process, as in a shell. */
import { once } from "node:events";
import { spawnScript } from "./app/process.js";
import type { Environment } from "../../shared/config/environment.js";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Json } from "../../shared/json.js";

export interface Said {
  code: number | null;
  out: string;
  err: string;
  /** The documents of `--json`. */
  rows: Json[];
}

export type Operator = (...args: string[]) => Promise<Said>;

export const operatorWith =
  (env: Environment): Operator =>
  async (...args) => {
    const child = spawnScript("cli/trtc-ingest.ts", env, args);
    const said = { out: "", err: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said.err += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...said, rows: args.includes("--json") ? rowsIn(said.out) : [] };
  };

/** Some commands print one document with indented lines. */
const rowsIn = (out: string): Json[] =>
  (out.startsWith("{\n") ? [out] : out.split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Json);

/** Asks again until the answer is as expected. Throws with the last answer when the time is over. */
export async function untilSaid(
  ask: () => Promise<Said>,
  isSo: (said: Said) => boolean,
  withinMs: number,
): Promise<Said> {
  const giveUpMs = clock.elapsedMs() + withinMs;
  for (;;) {
    const said = await ask();
    if (isSo(said)) return said;
    if (clock.elapsedMs() > giveUpMs) {
      throw new Error(`still after ${withinMs / SECOND_MS} s: ${said.out}${said.err}`);
    }
    await clock.sleep(SECOND_MS);
  }
}
