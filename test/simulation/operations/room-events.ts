/** TRTC's events, as operations of the store. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import type { ReportedMediaState } from "../../../shared/store/ingests/media.js";
import { type Operation, operation, SDK_APP_ID, soonMs, taskId } from "./operation.js";

/** Few applications, tasks, robots and rooms: the rows' own, and one without a row. */
const sdkAppId = fc.constantFrom(SDK_APP_ID, SDK_APP_ID, SDK_APP_ID, 1_600_000_001);
const task = { sdkAppId, taskId, media: fc.constantFrom("playing", "retrying", "failed", null) };
const room = fc.constantFrom("1", "1", "hall", "2");
const seen = { sdkAppId, roomId: room, userId: fc.constantFrom("dj", "host", "third", "viewer") };

const putOut = fc.constantFrom("robot-removed" as const, "room-dismissed" as const);

type Named = { sdkAppId: number; taskId: string };

const named = ({ sdkAppId: app, taskId: id }: Named) => ({
  sdkAppId: app,
  trtcTaskId: `trtc-${id}`,
});

/** Some share one instant, some are out of order, and some belong to another failure. */
const eventMs = fc.constantFrom(0, -1, -1, -1000, -4000, -70_000, -700_000);

const taskEvent = (
  { media, eventMs: ms, ...drawn }: Named & { media: ReportedMediaState | null; eventMs: number },
  at: Date,
) => ({ ...named(drawn), media: media ?? undefined, eventAt: addMs(at, ms), at });

export const roomEvents = (limit: number): fc.Arbitrary<Operation>[] => [
  operation({ ...task, eventMs }, async (store, drawn, at) => {
    const recorded = await store.roomEvents.recordTaskEvent(taskEvent(drawn, at));
    // One statement returns the row and this value, so the result holds both.
    const { ingest, failedTimes } = recorded ?? {};
    return recorded && { ingest: { ...ingest, failedTimes }, failedTimes };
  }),
  operation({ taskId }, (store, drawn) => store.roomEvents.explainEnd(drawn.taskId)),
  operation(
    { sdkAppId, roomId: room, roomIdType: fc.constantFrom(0 as const, 1 as const), soonMs },
    (store, { soonMs: ms, ...drawn }, at) =>
      store.roomEvents.explainDismissal({ ...drawn, eventAt: addMs(at, 10_000 + ms) }),
  ),
  operation({ ...seen, soonMs, eventMs }, (store, { soonMs: ms, eventMs: event, ...drawn }, at) =>
    store.roomEvents.robotEntered({
      ...drawn,
      at,
      answerBy: addMs(at, ms),
      askedBefore: addMs(at, event),
    }),
  ),
  operation(
    { ...seen, cause: fc.option(putOut, { nil: undefined }), eventMs },
    (store, drawn, at) => {
      const { eventMs: ms, ...left } = drawn;
      return store.roomEvents.robotLeft({ ...left, eventAt: addMs(at, ms) });
    },
  ),
  operation({ ...seen, cause: putOut, soonMs }, (store, { soonMs: ms, ...drawn }, at) =>
    store.roomEvents.explainRemoval({ ...drawn, eventAt: addMs(at, ms) }),
  ),
  operation({ taskId }, (store, drawn) => store.roomEvents.checkSoon(drawn.taskId)),
  operation({ taskId, soonMs }, (store, { taskId: id, soonMs: ms }, at) =>
    store.roomEvents.markSeen({ taskId: id, at: addMs(at, ms) }),
  ),
  operation(
    {
      sdkAppId,
      roomId: room,
      roomIdType: fc.constantFrom(0 as const, 1 as const, undefined),
      soonMs,
    },
    (store, { soonMs: ms, ...drawn }, at) =>
      store.roomEvents.runningInRoom({ ...drawn, startedBefore: addMs(at, ms) }),
  ),

  operation({ ...task, eventMs }, (store, drawn, at) =>
    store.unclaimedTasks.keep(taskEvent(drawn, at)),
  ),
  operation({ sdkAppId, taskId }, (store, drawn) => store.unclaimedTasks.drop(named(drawn))),
  operation({}, (store) => store.unclaimedTasks.adopt()),
  operation({ soonMs }, (store, { soonMs: ms }, at) => store.unclaimedTasks.count(addMs(at, ms))),
  operation({ soonMs }, (store, { soonMs: ms }, at) => {
    const times = { at, seenBefore: addMs(at, ms), askedBefore: addMs(at, -2000) };
    return store.unclaimedTasks.take({ ...times, limit });
  }),
  operation({ sdkAppId, taskId }, (store, drawn, at) =>
    store.unclaimedTasks.end({ ...named(drawn), at }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.unclaimedTasks.forget({ endedBefore: addMs(at, ms), seenBefore: addMs(at, -10_000) }),
  ),

  operation(
    {
      ...seen,
      isPresent: fc.boolean(),
      eventMs,
      isClosing: fc.constantFrom(false, false, true),
    },
    (store, { isClosing, eventMs: ms, ...drawn }, at) => {
      const who = isClosing ? { userId: undefined, isPresent: false } : {};
      return store.audience.recordViewerEvent({ ...drawn, ...who, eventAt: addMs(at, ms) });
    },
  ),
  operation({ sdkAppId, roomId: room }, (store, drawn) => store.audience.updateEmptyAt(drawn)),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.audience.forget({ leftBefore: addMs(at, ms), seenBefore: addMs(at, -60_000) }),
  ),
];
