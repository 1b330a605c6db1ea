/**
 * TRTC's callbacks: the emulator's own events in TRTC's own bodies. Each reaches the real use case
 * never, once or several times, late and out of order. TRTC repeats an event without an answer.
 */
import { bodyOf, bytesOf, type Event, INGEST_STARTED } from "../../../emulator/callbacks/bodies.js";
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { handleRoomEvent } from "../../../shared/room-events/handle.js";
import { readCallbackBody } from "../../../shared/runtime/callback/callback-body.js";
import { count } from "../faults.js";
import type { Platform } from "../platform/platform.js";
import type { Random } from "../random.js";
import { APPLICATION } from "./settings.js";
import type { World } from "../platform/world.js";

/**
 * As in serverless.yml. The work after the answer, at 4.4 s, mostly continues, but the platform may
 * cut it short.
 */
const LIMITS_MS = [10 * SECOND_MS, 10 * SECOND_MS, 4400];

/** The remaining time that calls to TRTC receive. */
const TIME_MS = 4900;

/** TRTC's documented retries: at once, then every ten seconds, until the event is a minute old. */
const RETRY_MS = 10 * SECOND_MS;

/** Number of copies of one event. */
const COPIES = [0, 1, 1, 1, 1, 1, 2, 3];

/** Returns the number of events still to come. */
export function bringCallbacks(world: World, platform: Platform, random: Random): () => number {
  const { timeline, trtc, faults, history, facts } = world;
  let underWay = 0;

  async function bring(event: Event): Promise<void> {
    const madeMs = timeline.nowMs();
    await timeline.sleep(latenessMs(random));
    for (let waitMs = 0; timeline.nowMs() - madeMs <= 2 * MINUTE_MS; waitMs = RETRY_MS) {
      if (await isTaken(event)) return;
      await timeline.sleep(waitMs);
    }
  }

  async function isTaken(event: Event): Promise<boolean> {
    const callbackAt = new Date(timeline.nowMs());
    const body = bytesOf(
      bodyOf(event, { callbackAt, ingestGroup: trtc.switches.ingestEventGroup }),
    );
    const roomEvent = readCallbackBody(APPLICATION.sdkAppId, body)?.event;
    if (!roomEvent) return true;
    history.note("TRTC", `tells ${textOf(event)}`);
    facts.known.roomEvents.add(event);
    hearOfSource(event, false);
    const answered: Date[] = [];
    const ended = await platform.invoke({
      name: "callback",
      limitMs: random.pick(LIMITS_MS),
      async body(services) {
        const begunMs = timeline.nowMs();
        const timeLeftMs = () => TIME_MS - (timeline.nowMs() - begunMs);
        const { followUp } = await handleRoomEvent(services, roomEvent, timeLeftMs);
        answered.push(services.clock.now());
        await followUp?.(timeLeftMs);
      },
    });
    if (answered.length === 0) return false;
    hearOfSource(event, true);
    const { takenMs } = facts.known;
    if ("taskId" in event && !takenMs.has(event.taskId)) {
      takenMs.set(event.taskId, timeline.nowMs());
    }
    return ended.kind !== "error";
  }

  function hearOfSource(event: Event, isTaken: boolean): void {
    if (event.type !== INGEST_STARTED) return;
    const { sources } = facts.known;
    const heard = sources.get(event.taskId) ?? [];
    sources.set(event.taskId, [...heard, { event, ms: timeline.nowMs(), isTaken }]);
  }

  trtc.onEvent((event) => {
    const copies = random.pick(COPIES);
    count(faults.coverage, `callback ${event.type}`, String(copies));
    history.note("TRTC", `has ${textOf(event)} to tell, ${copies} times`);
    for (let copy = 0; copy < copies; copy += 1) {
      underWay += 1;
      void bring(event).finally(() => (underWay -= 1));
    }
  });
  return () => underWay;
}

/** Within the first minutes, rooms are dismissed, and tasks are reported to have ended. */
export function disturbRooms(world: World, random: Random): void {
  const nowMs = world.timeline.nowMs();
  for (let times = random.pick([0, 0, 1, 2]); times > 0; times -= 1) {
    dismissAt(world, random, nowMs + random.between(MINUTE_MS / 2, 8 * MINUTE_MS));
  }
  for (let times = random.pick([0, 1, 3]); times > 0; times -= 1) {
    tellFalseEndAt(world, random, nowMs + random.between(0, 8 * MINUTE_MS));
  }
}

export function dismissAt({ timeline, history, trtc }: World, random: Random, atMs: number): void {
  timeline.at(atMs, () => {
    history.note("somebody", "dismisses a room");
    trtc.dismiss(random.pick);
  });
}

export function tellFalseEndAt(
  { timeline, history, trtc }: World,
  random: Random,
  atMs: number,
): void {
  timeline.at(atMs, () => {
    history.note("TRTC", "tells the end of a task that goes on");
    trtc.tellFalseEnd(random.pick);
  });
}

/** Mostly soon, sometimes out of order, sometimes a minute late. */
const latenessMs = (random: Random): number =>
  random.between(5, random.pick([60, 60, 60, 500, 5000, MINUTE_MS]));

function textOf(event: Event): string {
  const at = event.at.toISOString().slice(14, 23);
  if ("taskId" in event) return `${event.type} ${event.status} of ${event.taskId} at ${at}`;
  return `${event.type} of ${event.userId ?? "nobody"} in ${event.room.roomId} at ${at}`;
}
