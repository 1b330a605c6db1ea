/**
 * TRTC, as a call finds it when it arrives. It has the emulator's own actions on its own tasks,
 * without HTTP. Each action checks fields, region and rate. Without callbacks, sources open at once.
 * With callbacks, they take their time, and some fail.
 */
import { setMaxListeners } from "node:events";
import { SERVED } from "../../../emulator/actions/actions.js";
import type { ActionContext } from "../../../emulator/actions/context.js";
import type { Application } from "../../../emulator/accounts.js";
import { requireRobots, throwOut } from "../../../emulator/actions/throw-out.js";
import { makeRateWindow, type RateWindow } from "../../../emulator/api/rate-window.js";
import { refusal } from "../../../emulator/api/refusal.js";
import { REGIONS } from "../../../emulator/api/regions.js";
import type { TrtcAction } from "../../../emulator/api/schemas.js";
import type { Switches } from "../../../emulator/admin/switches.js";
import type { Media } from "../../../shared/media/media.js";
import { type Event, INGEST_STOPPED } from "../../../emulator/callbacks/bodies.js";
import { makeAnnouncer } from "../../../emulator/callbacks/announcer.js";
import { makeEndWatch } from "../../../emulator/callbacks/end-watch.js";
import { makeOpenSource } from "../../../emulator/tasks/open-source.js";
import type { Probe } from "../../../emulator/source/probe.js";
import { makePictureSizes } from "../../../emulator/tasks/picture-size.js";
import { endTask, type Task } from "../../../emulator/tasks/task.js";
import { makeTasks, type Tasks } from "../../../emulator/tasks/tasks.js";
import type { AdjustableClock } from "../../../emulator/admin/adjustable-clock.js";
import type { Random } from "../random.js";
import { isDown, mediaAt } from "./sources.js";
import type { Timeline } from "./timeline.js";

export interface TrtcSide {
  tasks: Tasks;
  switches: Switches;
  /** Acts, and answers; throws an ApiError with TRTC's refusal. */
  arrive: (call: { action: TrtcAction; request: object; region: string }) => object;
  /** Somebody ends a room in which robots play; nothing where there is none. */
  dismiss: (choose: (tasks: Task[]) => Task) => void;
  /** TRTC tells the end of a task that goes on; nothing where none plays. */
  tellFalseEnd: (choose: (tasks: Task[]) => Task) => void;
  /** TRTC ends one of these tasks, and nobody has asked; nothing where none plays. */
  drop: (choose: (tasks: Task[]) => Task, isMeant: (task: Task) => boolean) => void;
  /** The tasks that play it lose it. TRTC opens it again, as at a start. */
  lose: (url: string) => void;
  /** Whoever hears of what happens. */
  onEvent: (listener: (event: Event) => void) => void;
}

/** How a source can be bad: it never opens, opens at some try, or keeps the last try waiting for ever. */
export type Bad = "broken" | "flaky" | "stuck";

export const badUrl = (bad: Bad, url: string): string =>
  url.replace("media.example/", `${bad}.example/`);

export function makeTrtcSide({
  timeline,
  switches,
  application,
  callbacks,
}: {
  timeline: Timeline;
  switches: Switches;
  application: Application;
  /** Absent: nobody is told. */
  callbacks: Random | undefined;
}): TrtcSide {
  let hear: (event: Event) => void = () => undefined;
  const clock: AdjustableClock = {
    now: () => new Date(timeline.nowMs()),
    elapsedMs: timeline.nowMs,
    sleep: (ms, signal) => sleepUnless(timeline, ms, signal),
    // The timeline moves by itself.
    advance: () => undefined,
    reset: () => undefined,
    offsetMs: () => 0,
  };
  const signal = new AbortController().signal;
  // Every task that sleeps listens to it.
  setMaxListeners(0, signal);
  const applications = new Map([
    [application.sdkAppId, { ...application, ...(callbacks && { callbackUrl: "https://told" }) }],
  ]);
  const announcer = makeAnnouncer({
    clock,
    applications,
    switches: { read: () => switches, replace: () => undefined },
    deliver(_, event) {
      hear(event);
    },
  });
  const endWatch = makeEndWatch({
    clock,
    signal,
    isWatched: (task) => announcer.hasCallback(task),
    onStart: (task) => announcer.started(task),
    onEnd: (task, end) => announcer.ended(task, end),
  });
  const tasks = makeTasks(clock, callbacks ? { listener: endWatch } : {});
  const windows = new Map<string, RateWindow>();
  const pictureSizes = makePictureSizes();
  const startMs = timeline.nowMs();
  const openAt = (url: string): Media => {
    if (isDown(url, timeline.nowMs() - startMs)) throw new Error("there is nothing now");
    return mediaAt(url);
  };
  const openSource = makeOpenSource({
    tasks,
    clock,
    announcer,
    pictureSizes,
    signal,
    probe: callbacks
      ? makeProbe({ timeline, random: callbacks, openAt })
      : (url) => new Promise((resolve) => resolve(openAt(url))),
  });
  const context: Omit<ActionContext, "region"> = {
    clock,
    tasks,
    switches,
    application,
    account: "AKIDsimulated",
    announcer,
    pictureSizes,
    openSource,
  };

  return {
    tasks,
    switches,
    dismiss(choose) {
      const live = tasks.live();
      if (live.length === 0) return;
      const here = { ...context, region: application.site };
      throwOut(here, requireRobots(here, choose(live)), "room-dismissed");
    },
    tellFalseEnd(choose) {
      const live = tasks.live();
      if (live.length === 0) return;
      hear({ type: INGEST_STOPPED, taskId: choose(live).taskId, status: 0, at: clock.now() });
    },
    drop(choose, isMeant) {
      const meant = tasks.live().filter(isMeant);
      if (meant.length === 0) return;
      tasks.changeLive(choose(meant).taskId, (task, now) => endTask(task, "source-failed", now));
    },
    lose(url) {
      for (const task of tasks.live()) {
        if (task.streamUrl === url && task.source.state === "open") void openSource(task);
      }
    },
    onEvent: (listener) => (hear = listener),
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

/** The first, and those at once, after one second and after three. */
const TRIES = 4;

interface Probing {
  timeline: Timeline;
  random: Random;
  /** Throws where nothing is. */
  openAt: (url: string) => Media;
}

/** Takes its time, so that no two tries fail at the same instant. */
function makeProbe({ timeline, random, openAt }: Probing): Probe {
  const tries = new Map<string, number>();
  return async (url) => {
    await timeline.sleep(random.between(20, 400));
    if (url.startsWith("https://stuck.")) {
      const nth = (tries.get(url) ?? 0) + 1;
      tries.set(url, nth);
      if (nth % TRIES === 0) await new Promise(() => undefined);
      throw new Error("there is nothing yet");
    }
    const isBad =
      url.startsWith("https://broken.") || (url.startsWith("https://flaky.") && random.chance(0.5));
    if (isBad) throw new Error("there is nothing");
    return openAt(url);
  };
}

function sleepUnless(timeline: Timeline, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    timeline.at(timeline.nowMs() + ms, resolve);
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
