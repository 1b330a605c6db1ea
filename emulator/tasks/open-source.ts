/**
 * What happens after TRTC has answered a start: the source is opened. If that fails, it is tried
 * again at once, after one second and after three. Then the task ends. Source: the event list of
 * "Relay stream callbacks", where each try is an event of its own.
 */
import { type Clock, SECOND_MS } from "../../shared/clock.js";
import type { Announcer } from "../callbacks/announcer.js";
import type { IngestStatus } from "../callbacks/bodies.js";
import { type OpeningFailure, SourceError } from "../source/media.js";
import type { Media, Probe } from "../source/probe.js";
import { shownUrl } from "../page/format.js";
import { changeSource, endTask, type Source, type Task } from "./task.js";
import type { Tasks } from "./tasks.js";

const RETRY_DELAYS_MS = [0, SECOND_MS, 3 * SECOND_MS];

const [SUCCEEDED, FAILED, AGAIN] = [0, 1, 2] as const;

interface Needs {
  tasks: Tasks;
  probe: Probe;
  clock: Clock;
  announcer: Pick<Announcer, "source">;
  logFailure?: ((failure: LoggedFailure) => void) | undefined;
  /** Aborts when the emulator closes. */
  signal: AbortSignal;
}

export interface LoggedFailure extends OpeningFailure {
  taskId: string;
  streamUrl: string;
}

/** For a log: the address without its query and password. */
export const sourceFailureText = ({
  taskId,
  streamUrl,
  reason,
  message = "",
}: LoggedFailure): string => `task ${taskId}: source ${reason}: ${message} ${shownUrl(streamUrl)}`;

/** Takes as long as opening takes, and never throws: what came of it is in the task. */
export type OpenSource = (task: Task) => Promise<void>;

export function makeOpenSource(needs: Needs): OpenSource {
  const { tasks, probe, clock, announcer, logFailure, signal } = needs;
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
      if (wanted()) logFailure?.({ taskId, streamUrl, ...opened });
      if (!report(FAILED, { state: "failing", ...opened })) return;
      const delayMs = RETRY_DELAYS_MS[failures];
      if (delayMs === undefined) break;
      await clock.sleep(delayMs, signal);
      if (!report(AGAIN, { state: "opening" })) return;
    }
    tasks.changeLive(taskId, (task, now) => endTask(task, "source-failed", now));
  };
}

/** Errors of the probe say why; any other is a source that was not there. */
function failureOf(error: unknown): Media | OpeningFailure {
  if (error instanceof SourceError) {
    const { reason, message, budget } = error;
    return { reason, message, budget };
  }
  return { reason: "unreachable", message: "It could not be opened." };
}
