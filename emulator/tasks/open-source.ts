/**
 * Opens the source after the start was answered. If that fails, it tries again at once, after one
 * second and after three seconds. Then the task ends. Source: the event list of "Relay stream
 * callbacks", where each attempt is an event.
 */
import { type Clock, SECOND_MS } from "../../shared/clock.js";
import type { Announcer } from "../callbacks/announcer.js";
import type { IngestStatus } from "../callbacks/bodies.js";
import { type OpeningFailure, SourceError } from "../../shared/media/media.js";
import type { Media, Probe } from "../source/probe.js";
import { shownUrl } from "../page/format.js";
import { changeSource } from "./changes.js";
import { type PictureSizes, requireSize } from "./picture-size.js";
import { endTask, type Source, type Task } from "./task.js";
import type { Tasks } from "./tasks.js";

const RETRY_DELAYS_MS = [0, SECOND_MS, 3 * SECOND_MS];

const [SUCCEEDED, FAILED, AGAIN] = [0, 1, 2] as const;

interface Needs {
  tasks: Tasks;
  probe: Probe;
  clock: Clock;
  announcer: Pick<Announcer, "source" | "sourceChanged">;
  pictureSizes: PictureSizes;
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

/** A source of a task, by its version. */
export interface Opening {
  taskId: string;
  streamUrl: string;
  sourceVersion: number;
  /** For the source of an update: when it takes effect. */
  updateAt?: Date;
}

/** Resolves when the opening is over, and never throws. The task holds the result. */
export type OpenSource = (opening: Opening) => Promise<void>;

export function makeOpenSource(needs: Needs): OpenSource {
  const { tasks, probe, clock, announcer, pictureSizes, logFailure, signal } = needs;
  return async ({ taskId, streamUrl, sourceVersion, updateAt }) => {
    const isCurrent = (task: Task | undefined): boolean => task?.sourceVersion === sourceVersion;
    const currentTask = (): Task | undefined => {
      const task = tasks.find(taskId);
      return task && isCurrent(task) && tasks.isLive(task) && !signal.aborted ? task : undefined;
    };
    const announce = (status: IngestStatus): void => {
      const task = currentTask();
      // The page says "START_SUCCESS: once". Failures and new attempts are reported each time.
      if (task && !(status === SUCCEEDED && task.hasStarted)) announcer.source(task, status);
    };
    /**
     * Reports before it records, because recording may end the task. Returns whether the task
     * continues.
     */
    const report = (status: IngestStatus, source: Source): boolean => {
      announce(status);
      if (currentTask()) tasks.changeLive(taskId, (task, now) => changeSource(task, source, now));
      return currentTask() !== undefined;
    };

    const open = async (): Promise<Media | OpeningFailure> => {
      const media = await probe(streamUrl);
      pictureSizes.add(streamUrl, media);
      const task = tasks.find(taskId);
      return isCurrent(task) ? requireSize(task?.requiredSize, media) : media;
    };

    if (updateAt) {
      const delayMs = updateAt.getTime() - clock.now().getTime();
      if (delayMs > 0) await clock.sleep(delayMs, signal);
      const task = currentTask();
      if (!task) return;
      announcer.sourceChanged(task, updateAt);
    }
    for (let failures = 0; ; failures += 1) {
      const opened = await open().catch(failureOf);
      if ("durationSeconds" in opened) {
        announce(SUCCEEDED);
        // Also for a task that has ended meanwhile, because its position depends on the length.
        tasks.change(taskId, (task) =>
          isCurrent(task) ? changeSource(task, { state: "open", ...opened }, clock.now()) : task,
        );
        return;
      }
      if (currentTask()) logFailure?.({ taskId, streamUrl, ...opened });
      if (!report(FAILED, { state: "failing", ...opened })) return;
      const delayMs = RETRY_DELAYS_MS[failures];
      if (delayMs === undefined) break;
      await clock.sleep(delayMs, signal);
      if (!report(AGAIN, { state: "opening" })) return;
    }
    tasks.changeLive(taskId, (task, now) => endTask(task, "source-failed", now));
  };
}

/** Errors of the probe have a reason. Any other error means that the source was not reachable. */
function failureOf(error: unknown): Media | OpeningFailure {
  if (error instanceof SourceError) {
    const { reason, message, budget } = error;
    return { reason, message, budget };
  }
  return { reason: "unreachable", message: "It could not be opened." };
}
