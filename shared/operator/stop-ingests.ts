/**
 * StopIngests: ends ingests of any callers. It calls TRTC at once where the time suffices. The
 * timers carry out every stop that is written and not done.
 */
import { SECOND_MS } from "../clock.js";
import type { Services } from "../ingest/services.js";
import { stopNow } from "../ingest/stop/stop-now.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { readForOperator } from "../store/operator.js";
import { inTurns } from "./in-turns.js";
import { NO_SUCH_INGEST } from "./describe.js";
import type { OperatorCall } from "./request.js";
import { whyNot } from "./why-not.js";
import { writeStop } from "./write-stop.js";

/** The last statement, and the answer. */
const RESERVE_MS = 2 * SECOND_MS;

/** With less time a stop is only written. */
const STOP_MS = 3 * SECOND_MS;

export async function stopIngests(
  services: Services,
  { request: { TaskIds }, timeLeftMs }: OperatorCall<"StopIngests">,
) {
  const read = () => services.store.health.read((query) => readForOperator(query, TaskIds));
  const leftMs = () => timeLeftMs() - RESERVE_MS;
  await services.trtc.ready();
  const live = (await read()).filter(({ state }) => state !== "ended");
  const failures = await inTurns(live, (ingest) => stopOne(services, ingest, leftMs));
  const failureOf = new Map(live.map(({ taskId }, index) => [taskId, failures[index]]));
  const after = new Map((await read()).map((ingest) => [ingest.taskId, ingest]));
  const Results = TaskIds.map((TaskId) => ({
    TaskId,
    ...resultOf(after.get(TaskId), failureOf.get(TaskId)),
  }));
  return { Results };
}

/** Why it failed, if it did. The row says whether its stop is written all the same. */
async function stopOne(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<string | undefined> {
  try {
    const isTried = ingest.state === "running" && timeLeftMs() >= STOP_MS;
    if (isTried && (await stopNow(services, ingest, { timeLeftMs }))) return undefined;
    await writeStop(services, ingest);
    return undefined;
  } catch (error) {
    return whyNot(services, ingest, error);
  }
}

interface StopResult {
  Outcome: "stopped" | "stopping" | "failed";
  Message?: string;
}

function resultOf(ingest: Ingest | undefined, failure: string | undefined): StopResult {
  if (!ingest) return { Outcome: "failed", Message: NO_SUCH_INGEST };
  if (ingest.state === "ended") return { Outcome: "stopped" };
  if (ingest.stopAskedAt !== null) {
    // Only reconcile-ingests completes a start without an answer, and ends it then.
    const timer = ingest.state === "starting" ? "reconcile-ingests" : "expire-ingests";
    return {
      Outcome: "stopping",
      Message: `The stop is written: ${timer} carries it out at its next run.`,
    };
  }
  const Message =
    failure ?? "The stop could not be written, because its state changed: send it again.";
  return { Outcome: "failed", Message };
}
