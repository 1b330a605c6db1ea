/**
 * TRTC, as a call finds it when it arrives: the emulator's own actions on its own tasks, each with
 * its checks of fields, region and rate; without HTTP, and with sources that open at once.
 */
import { SERVED } from "../../local/trtc/actions.js";
import type { ActionContext } from "../../local/trtc/actions/context.js";
import type { Application } from "../../local/trtc/parties.js";
import { makeRateWindow, type RateWindow } from "../../local/trtc/rate-window.js";
import { refusal } from "../../local/trtc/refusal.js";
import { REGIONS } from "../../local/trtc/regions.js";
import type { TrtcAction } from "../../local/trtc/schemas.js";
import type { Switches } from "../../local/trtc/switches.js";
import { changeSource, type Task } from "../../local/trtc/task.js";
import { makeTasks, type Tasks } from "../../local/trtc/tasks.js";
import type { Clock } from "../../shared/clock.js";
import type { Timeline } from "./timeline.js";

export interface TrtcSide {
  tasks: Tasks;
  switches: Switches;
  /** Acts, and answers; throws an ApiError with TRTC's refusal. */
  arrive: (call: { action: TrtcAction; request: object; region: string }) => object;
}

/** `https://media.example/30/…` lasts thirty seconds; `/live/` has no end. */
export const streamUrl = (seconds: number | null, name: string): string =>
  `https://media.example/${seconds ?? "live"}/${name}.flv`;

export const secondsOf = (url: string): number | null => {
  const [, length] = /^https:\/\/media\.example\/(\d+)\//.exec(url) ?? [];
  return length === undefined ? null : Number(length);
};

export function makeTrtcSide({
  timeline,
  switches,
  application,
}: {
  timeline: Timeline;
  switches: Switches;
  application: Application;
}): TrtcSide {
  const clock: Clock = {
    now: () => new Date(timeline.nowMs()),
    elapsedMs: timeline.nowMs,
    sleep: timeline.sleep,
  };
  const tasks = makeTasks(clock);
  const windows = new Map<string, RateWindow>();
  const context: Omit<ActionContext, "region"> = {
    clock,
    tasks,
    switches,
    application,
    account: "AKIDsimulated",
    announcer: {
      isHeard: () => false,
      started: () => undefined,
      source: () => undefined,
      ended: () => undefined,
      cameBack: () => undefined,
    },
    openSource({ taskId, streamUrl: url }) {
      const media = { container: "flv", durationSeconds: secondsOf(url), tracks: [] } as const;
      const opened = (task: Task) => changeSource(task, { state: "open", ...media }, clock.now());
      tasks.change(taskId, opened);
      return Promise.resolve();
    },
  };

  return {
    tasks,
    switches,
    arrive({ action, request, region }) {
      const window = windows.get(action) ?? makeRateWindow();
      windows.set(action, window);
      if (!window.admit(timeline.nowMs(), switches.callsPerSecond)) {
        throw refusal("RequestLimitExceeded");
      }
      if (!REGIONS[action][application.site].includes(region)) throw refusal("UnsupportedRegion");
      return SERVED[action].run({ ...context, region }, request);
    },
  };
}
