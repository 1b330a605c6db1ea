/**
 * What happens after TRTC has answered a start: the source is opened, and if that fails, tried
 * again at once, after one second and after three; then the task ends.
 * Source: the event list of "Relay stream callbacks", where each try is an event of its own.
 */
import { type Clock, SECOND_MS } from "../../shared/clock.js";
import type { Announcer } from "./events/announcer.js";
import type { IngestStatus } from "./events/bodies.js";
import type { Media, Probe } from "./probe.js";
import { changeSource, endTask, type Source, type Task } from "./task.js";
import type { Tasks } from "./tasks.js";

const RETRY_DELAYS_MS = [0, SECOND_MS, 3 * SECOND_MS];

const [SUCCEEDED, FAILED, AGAIN] = [0, 1, 2] as const;

interface Needs {
  tasks: Tasks;
  probe: Probe;
  clock: Clock;
  announcer: Pick<Announcer, "source">;
  /** Aborts when the emulator closes. */
  signal: AbortSignal;
}

/** Takes as long as opening takes, and never throws: what came of it is in the task. */
export type OpenSource = (task: Task) => Promise<void>;

export function makeOpenSource({ tasks, probe, clock, announcer, signal }: Needs): OpenSource {
  return async ({ taskId, streamUrl, sourceVersion }) => {
    const isCurrent = (task: Task | undefined): boolean => task?.sourceVersion === sourceVersion;
    const wanted = (): Task | undefined => {
      const task = tasks.find(taskId);
      return task && isCurrent(task) && tasks.isLive(task) && !signal.aborted ? task : undefined;
    };
    const tell = (status: IngestStatus): void => {
      const task = wanted();
      // "START_SUCCESS: once", says the page; failures and new tries are told each time.
      if (task && !(status === SUCCEEDED && task.hasStarted)) announcer.source(task, status);
    };
    /** Told before it is noted, because noting it may end the task. Returns whether it lives on. */
    const report = (status: IngestStatus, source: Source): boolean => {
      tell(status);
      if (wanted()) tasks.changeLive(taskId, (task, now) => changeSource(task, source, now));
      return wanted() !== undefined;
    };

    for (let failures = 0; ; failures += 1) {
      const opened = await probe(streamUrl).catch(failureOf);
      if ("durationSeconds" in opened) {
        tell(SUCCEEDED);
        // Even of a task that has ended meanwhile: only the length says how far it had come.
        tasks.change(taskId, (task) =>
          isCurrent(task) ? changeSource(task, { state: "open", ...opened }, clock.now()) : task,
        );
        return;
      }
      if (!report(FAILED, { state: "failing", reason: opened.reason })) return;
      const delayMs = RETRY_DELAYS_MS[failures];
      if (delayMs === undefined) break;
      await clock.sleep(delayMs, signal);
      if (!report(AGAIN, { state: "opening" })) return;
    }
    tasks.changeLive(taskId, (task, now) => endTask(task, "source-failed", now));
  };
}

interface Failure {
  reason: string;
}

/** Errors of the probe say why; any other is a source that was not there. */
function failureOf(error: unknown): Media | Failure {
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  return { reason: typeof reason === "string" ? reason : "unreachable" };
}
