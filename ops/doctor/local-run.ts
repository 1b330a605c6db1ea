/** The run of this machine: whether it exists, and whether its clock and the emulator's agree. */
import { SECOND_MS } from "../../shared/clock.js";
import { duration, fail, pass, type Row, skip, warn } from "../../shared/health/row.js";
import { PATIENCE_MS, type Subject } from "./subject.js";

export async function checkLocalRun(subject: Subject): Promise<Row[]> {
  const { isLocal, run, config } = subject;
  if (!isLocal) return [];
  const finding = run
    ? pass("local run", `process ${run.pid} at ${run.url}`)
    : skip("local run", "none found in DATA_DIR; the ports are used");
  const clock = await checkClock(subject, config.trtcEndpoint);
  return [finding, ...clock];
}

/** The possible difference between two clocks that are read one after the other. */
const APART_MAX_MS = 5 * SECOND_MS;

const RESET = 'POST {"reset":true} to /_emulator/clock, or start both again';

async function checkClock({ run }: Subject, trtcEndpoint: string | undefined): Promise<Row[]> {
  const check = "clock of the emulator";
  const emulatorMs = await emulatorAheadMs(trtcEndpoint);
  // Another row reports a server that does not answer. A server that is not our emulator has no
  // such clock.
  if (emulatorMs === undefined) return [];
  const apartMs = emulatorMs - (run?.aheadMs ?? 0);
  if (Math.abs(apartMs) <= APART_MAX_MS) {
    const finding =
      emulatorMs === 0
        ? "the same as this machine's"
        : `${duration(emulatorMs)} ahead of this machine's, and so is the whole run`;
    return [pass(check, finding)];
  }
  const finding = `${duration(apartMs)} ${apartMs > 0 ? "ahead of" : "behind"} the functions', which sign for it`;
  return [
    run
      ? fail(check, finding, RESET)
      : warn(check, `${duration(apartMs)} ahead of this machine's`, RESET),
  ];
}

async function emulatorAheadMs(trtcEndpoint = ""): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(new URL("/_emulator/clock", trtcEndpoint), { signal });
    const { offsetSeconds } = (await answer.json()) as { offsetSeconds?: unknown };
    return typeof offsetSeconds === "number" ? offsetSeconds * SECOND_MS : undefined;
  } catch {
    return undefined;
  }
}
