/** Each operation of the store with arguments that lead to each of its statements. */
import { addMs } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { readBacklog, readHealth } from "../../../shared/store/health.js";
import { beginAnew } from "../../../shared/store/ingests/begin-anew.js";
import { ingestsOfTasks } from "../../../shared/store/ingests/ends-of-tasks.js";
import { readReport } from "../../../shared/store/report.js";
import { migrate } from "../../../shared/store/schema/migrate.js";
import { readVersion } from "../../../shared/store/schema/version.js";
import { createStore } from "../../../shared/store/store.js";
import { newIngest, T0 } from "../../support/app/ingests.js";

const at = T0;
const later = addMs(at, 1000);
const latest = addMs(at, 2000);
const earlier = addMs(at, -1000);
const times = { leaseMs: 5000, waitMaxMs: 60_000 };
const claim = { taskId: "ing-1", fence: 7 };
const task = { sdkAppId: 1400000000, trtcTaskId: "trtc-1" };
const room = { sdkAppId: 1400000000, roomId: "room" };
const robot = { ...room, userId: "robot" };
const notification = { taskId: "ing-1", position: 3 };
const start = newIngest({ taskId: "ing-1", robotUserId: "robot", clientToken: "token" });

export type Sample = () => Promise<unknown>;

/** By operation; after a comma, what is special about these arguments. */
export function samplesOf(database: Database): Record<string, Sample> {
  const store = createStore(database);
  const { outbox } = store;
  const { query } = database;
  return {
    beginStart: () => store.beginStart(start),
    "beginStart, with limits": () =>
      store.beginStart({ ...start, quotas: { maxIngests: 4, startsPerMinute: 9 } }),
    findConflict: () => store.findConflict(start),
    markRunning: () =>
      store.markRunning({
        ...{ ...claim, trtcTaskId: "trtc-1", startedAt: at, deadlineAt: later, latestAt: latest },
        mediaState: "connecting",
      }),
    markFailed: () =>
      store.markFailed({
        ...{ ...claim, code: "FailedOperation", message: "refused", retry: true, at },
        cause: "start-given-up",
      }),
    beginStop: () =>
      store.beginStop({ taskId: "ing-1", reason: "failed", cause: "event", at, ...times }),
    beginDueStop: () => store.beginDueStop({ ...claim, at, ...times }),
    askStop: () => store.askStop({ taskId: "ing-1", at, cause: "event" }),
    markEnded: () => store.markEnded({ ...claim, reason: "lost", at }),
    release: () => store.release({ ...claim, retryAt: later }),

    claimDue: () =>
      store.claimDue({ at, horizonAt: later, leaseMs: 5000, limit: 11, accountMax: 12 }),
    nextClaimAt: () => store.nextClaimAt({ at, horizonAt: later, aheadMs: 1234, accountMax: 12 }),
    claimUnfinished: () => store.claimUnfinished({ at, leaseMs: 5000, limit: 11 }),
    claimStart: () => store.claimStart({ at, leaseMs: 5000, taskId: "ing-1" }),
    claimLateStarts: () => store.claimLateStarts({ at, leaseMs: 5000, limit: 11 }),
    clearLateStart: () => store.clearLateStart(claim),
    beginFailedSourceStops: () =>
      store.beginFailedSourceStops({ at, leaseMs: 5000, lastSeenBefore: earlier, limit: 11 }),
    claimStaleTasks: () => store.claimStaleTasks({ at, quietSince: earlier, limit: 11 }),

    recordTaskEvent: () =>
      store.recordTaskEvent({ ...task, media: "playing", eventAt: earlier, at }),
    explainDismissal: () => store.explainDismissal({ ...room, roomIdType: 1, eventAt: at }),
    explainRemoval: () => store.explainRemoval({ ...robot, eventAt: at, cause: "robot-removed" }),
    explainEnd: () => store.explainEnd("ing-1"),
    robotEntered: () => store.robotEntered({ ...robot, at, answerBy: later, askedBefore: earlier }),
    robotLeft: () => store.robotLeft({ ...robot, eventAt: at, cause: "room-dismissed" }),
    checkSoon: () => store.checkSoon("ing-1"),
    markSeen: () => store.markSeen({ taskId: "ing-1", at }),
    runningInRoom: () => store.runningInRoom({ ...room, roomIdType: 1, startedBefore: at }),

    recordViewerEvent: () =>
      store.recordViewerEvent({ ...room, userId: "viewer", isPresent: true, eventAt: at }),
    updateEmptyAt: () => store.updateEmptyAt(room),
    forgetAudience: () => store.forgetAudience({ leftBefore: at, seenBefore: earlier }),

    keepUnclaimed: () => store.keepUnclaimed({ ...task, media: "failed", eventAt: earlier, at }),
    dropUnclaimed: () => store.dropUnclaimed(task),
    adoptUnclaimed: () => store.adoptUnclaimed(),
    countUnclaimed: () => store.countUnclaimed(at),
    takeUnclaimed: () =>
      store.takeUnclaimed({ at, seenBefore: earlier, askedBefore: later, limit: 11 }),
    endUnclaimed: () => store.endUnclaimed({ ...task, at }),
    forgetUnclaimed: () => store.forgetUnclaimed({ endedBefore: at, seenBefore: earlier }),

    findIngest: () => store.findIngest({ callerId: "caller", taskId: "ing-1" }),
    readIngest: () => store.readIngest("ing-1"),
    listIngests: () => store.listIngests({ callerId: "caller", limit: 11 }),
    "listIngests, with every filter": () =>
      store.listIngests({
        ...{ callerId: "caller", ...room, roomIdType: 1, state: "ended", endReason: "failed" },
        ...{ mediaState: "playing", clientToken: "token", before: "ing-9", limit: 11 },
      }),

    markUpdated: () =>
      store.markUpdated({
        ...{ taskId: "ing-1", deadlineAt: later, play: { Volume: 7 }, at },
        ...{ failuresAfter: earlier, pausedAt: addMs(at, -3), signature: "signature" },
        use: { leaseUntil: latest, second: 1234, arrivedAt: addMs(at, 5), traceId: "trace" },
      }),
    claimUse: () =>
      store.claimUse({ signature: "signature", requestHash: "hash", at, leaseUntil: later }),
    claimAgain: () => store.claimAgain({ signature: "signature", usedAt: at, leaseUntil: later }),
    releaseUse: () => store.releaseUse({ signature: "signature", leaseUntil: later }),
    forgetSignatures: () => store.forgetSignatures(at),

    "outbox.callersWaiting": () => outbox.callersWaiting(at),
    "outbox.claim": () => outbox.claim({ callerId: "caller", at, leaseMs: 5000, limit: 11 }),
    "outbox.remove": () => outbox.remove(notification),
    "outbox.postpone": () => outbox.postpone({ ...notification, attempts: 5, tryAt: later }),
    "outbox.postponeRest": () =>
      outbox.postponeRest({ callerId: "caller", at, pausesMs: [1000, 2000] }),
    "outbox.addDeadLetter": () =>
      outbox.addDeadLetter({ ...notification, attempts: 5, reason: "refused", at }),
    "outbox.dropOf": () => outbox.dropOf({ callerId: "caller", at, limit: 11 }),
    "outbox.listDead": () => outbox.listDead({ callerId: "caller", limit: 11 }),
    "outbox.revive": () => outbox.revive({ ...notification, at }),
    "outbox.forgetDead": () => outbox.forgetDead(at),

    addDeadLetter: () =>
      store.addDeadLetter({
        ...{ id: "dead-1", source: "ckafka:ingests", messageId: "message", receivedAt: at },
        ...{ code: "InvalidRequest", message: "refused", payload: { a: 1 } },
      }),
    resolveDeadLetters: () => store.resolveDeadLetters({ ids: ["dead-1", "dead-2"], at }),
    forgetResolved: () => store.forgetResolved(at),
    listDeadLetters: () =>
      store.listDeadLetters({ all: true, limit: 11, after: { receivedAt: at, id: "dead-1" } }),
    readDeadLetter: () => store.readDeadLetter("dead-1"),
    dropDeadLetter: () => store.dropDeadLetter("dead-1"),
    isTokenSpent: () => store.isTokenSpent({ callerId: "caller", clientToken: "token" }),

    takeSlot: () =>
      store.takeSlot({
        account: "intl",
        action: "StopStreamIngest",
        callerId: "caller",
        waitMaxMs: 5000,
        isAgain: true,
      }),

    beginAnew: () => beginAnew(query, at),
    ingestsOfTasks: () => ingestsOfTasks(query, ["trtc-1", "trtc-2"]),
    readHealth: () => readHealth(query),
    readBacklog: () => readBacklog(query, { graceMs: 1234 }),
    readReport: () =>
      readReport(query, { since: earlier, now: at, callerId: "caller", sdkAppId: 1400000000 }),
    readVersion: () => readVersion(query, 12),
    migrate: () =>
      migrate(database, {
        migrations: [{ version: 1, name: "first", sql: "select 1;", worksWith: 1 }],
      }),
  };
}
