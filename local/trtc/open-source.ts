/**
 * What happens after TRTC has answered a start: the source is opened, and if that fails, tried
 * again at once, after one second and after three; then the task ends.
 * Source: the event list of "Relay stream callbacks", where each try is an event of its own.
 */
import { type Clock, SECOND_MS } from "../../shared/clock.js";
import type { Probe } from "./probe.js";
import { changeSource, endTask, type Source, type Task } from "./task.js";
import type { Tasks } from "./tasks.js";

const RETRY_DELAYS_MS = [0, SECOND_MS, 3 * SECOND_MS];

interface Needs {
  tasks: Tasks;
  probe: Probe;
  clock: Clock;
  /** Aborts when the emulator closes. */
  signal: AbortSignal;
}

/** Takes as long as opening takes, and never throws: what came of it is in the task. */
export type OpenSource = (task: Task) => Promise<void>;

export function makeOpenSource({ tasks, probe, clock, signal }: Needs): OpenSource {
  return async ({ taskId, streamUrl, sourceVersion }) => {
    const isCurrent = (task: Task | undefined): boolean => task?.sourceVersion === sourceVersion;
    const isWanted = (): boolean => {
      const task = tasks.find(taskId);
      return task !== undefined && isCurrent(task) && tasks.isLive(task) && !signal.aborted;
    };
    const report = (source: Source): void =>
      tasks.changeLive(taskId, (task, now) => changeSource(task, source, now));

    for (let failures = 0; ; failures += 1) {
      const media = await probe(streamUrl).catch(() => undefined);
      if (media) {
        // Even of a task that has ended meanwhile: only the length says how far it had come.
        tasks.change(taskId, (task) =>
          isCurrent(task) ? changeSource(task, { state: "open", ...media }, clock.now()) : task,
        );
        return;
      }
      if (!isWanted()) return;
      report({ state: "failing" });
      const delayMs = RETRY_DELAYS_MS[failures];
      if (delayMs === undefined) break;
      await clock.sleep(delayMs, signal);
      if (!isWanted()) return;
      report({ state: "opening" });
    }
    tasks.changeLive(taskId, (task, now) => endTask(task, "source-failed", now));
  };
}
