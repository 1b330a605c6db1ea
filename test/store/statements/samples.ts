/** Each operation of the store with arguments that lead to each of its statements. */
import { readBacklog } from "../../../shared/store/health/backlog.js";
import { readBudgets } from "../../../shared/store/health/budgets.js";
import { readCounts } from "../../../shared/store/health/counts.js";
import { readHealth, readLacking } from "../../../shared/store/health/database.js";
import { countGivenUp, readDeliveries } from "../../../shared/store/health/deliveries.js";
import { readSlotUse } from "../../../shared/store/health/slots.js";
import { readSpending } from "../../../shared/store/health/spending.js";
import { readTimerRuns } from "../../../shared/store/health/timer-runs.js";
import { readTrtcAnswers } from "../../../shared/store/health/trtc-answers.js";
import type { Budget } from "../../../shared/config/money/budgets.js";
import { addMs } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { forgetSpending } from "../../../shared/store/budgets/retention.js";
import { listLive, watchBudget } from "../../../shared/store/budgets/watch.js";
import { beginAnew } from "../../../shared/store/begin-anew.js";
import { type Ingest, ingestOf } from "../../../shared/store/ingests/ingest-row.js";
import { ingestsOfTasks } from "../../../shared/store/ingests/reads.js";
import {
  countForOperator,
  listForOperator,
  listSchedulesForOperator,
  readForOperator,
} from "../../../shared/store/operator.js";
import { costsForOperator } from "../../../shared/store/operator-costs.js";
import { readReport } from "../../../shared/store/report.js";
import { moveSamplesOf } from "./move-samples.js";
import { migrate } from "../../../shared/store/schema/migrate.js";
import { readVersion } from "../../../shared/store/schema/version.js";
import { createStore } from "../../../shared/store/store.js";
import { newIngest, T0 } from "../../support/app/ingests.js";
import { newProgramme, onAirSince } from "../../support/app/programmes.js";
import { scheduleSamplesOf } from "./schedule-samples.js";

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

const claimed = { taskId: "ing-1", advanceFence: 7, callerId: "caller", account: "intl" };
const refusal = { code: "FailedOperation", message: "refused" };
const schedule = {
  startsAt: later,
  startBy: latest,
  asked: { MaxDuration: 60 },
  heldUntil: null,
};

const budgets: Budget[] = [
  {
    callerId: "caller",
    dailyMicroUsd: 21,
    dailyMs: 22,
    monthlyMicroUsd: 23,
    isEnforced: true,
  },
  {
    sdkAppId: 1400000000,
    dailyMicroUsd: null,
    dailyMs: null,
    monthlyMicroUsd: 24,
    isEnforced: false,
  },
];

const step = { taskId: "ing-1", stepFence: 7 };
const programme = newProgramme();
const onAir = onAirSince(at);

/** An ingest and its successor, as both run. */
export const ROLLING = ["ing-1", "ing-2"].map((taskId) => ({
  ...{
    task_id: taskId,
    robot_user_id: `robot-${taskId}`,
    state: "running",
    fence: 7,
    step_fence: 7,
  },
  ...{ play: {}, stop_asked_at: null, end_cause: null, paused_at: null, lease_until: null },
}));
const [parent, successor] = ROLLING.map(ingestOf) as [Ingest, Ingest];

/** An occurrence that is about to start, and the one whose task it takes over. */
export const OVERLAPPING = [
  {
    task_id: "winner",
    state: "starting",
    advance_at: later,
    advance_fence: 7,
    started_at: null,
    unsure_until: null,
  },
  { ...ROLLING[0], task_id: "loser", caller_id: "caller", media_state: "playing" },
];
const [winner, loser] = OVERLAPPING.map(ingestOf) as [Ingest, Ingest];
const cut = { reason: "Overlap", by: "ing-2" } as const;

const stepped = { ...step, at, programme, onAir, stepAt: later };

type Sample = () => Promise<unknown>;

/** By operation; after a comma, what is special about these arguments. */
export function samplesOf(database: Database): Record<string, Sample> {
  const store = createStore(database);
  const { outbox } = store;
  const { query } = database;
  return {
    "history.list": () => store.history.list({ taskId: "ing-1", after: 3, limit: 11 }),
    "ingests.beginStart": () => store.ingests.beginStart(start),
    "ingests.beginStart, with limits": () =>
      store.ingests.beginStart({ ...start, quotas: { maxIngests: 4, startsPerMinute: 9 } }),
    "ingests.beginStart, within budgets": () =>
      store.ingests.beginStart({ ...start, budgets, quotas: { maxIngests: 4 } }),
    "ingests.beginStart, scheduled": () => store.ingests.beginStart({ ...start, schedule }),
    "ingests.beginStart, scheduled with a limit": () =>
      store.ingests.beginStart({ ...start, schedule, quotas: { startsPerMinute: 9 } }),
    "ingests.findConflict": () => store.ingests.findConflict(start),
    "ingests.markRunning": () =>
      store.ingests.markRunning({
        ...claim,
        trtcTaskId: "trtc-1",
        startedAt: at,
        deadlineAt: later,
        latestAt: latest,
        mediaState: "connecting",
      }),
    "ingests.markRunning, a programme that restarts": () =>
      store.ingests.markRunning({
        ...claim,
        trtcTaskId: "trtc-1",
        startedAt: at,
        deadlineAt: later,
        latestAt: latest,
        began: { programme, onAir, stepAt: later, streamUrl: "https://example.com/b.mp4" },
        isRestart: true,
      }),
    "ingests.markFailed": () =>
      store.ingests.markFailed({
        ...claim,
        code: "FailedOperation",
        message: "refused",
        retry: true,
        at,
        cause: "start-given-up",
      }),
    "ingests.beginStop": () =>
      store.ingests.beginStop({ taskId: "ing-1", reason: "failed", cause: "event", at, ...times }),
    "ingests.beginDueStop": () => store.ingests.beginDueStop({ ...claim, at, ...times }),
    "ingests.askStop": () => store.ingests.askStop({ taskId: "ing-1", at, cause: "event" }),
    "ingests.markEnded": () => store.ingests.markEnded({ ...claim, reason: "lost", at }),
    "ingests.release": () => store.ingests.release({ ...claim, retryAt: later }),

    "ingests.claimDue": () =>
      store.ingests.claimDue({ at, horizonAt: later, leaseMs: 5000, limit: 11, accountMax: 12 }),
    "ingests.nextClaimAt": () =>
      store.ingests.nextClaimAt({ at, horizonAt: later, aheadMs: 1234, accountMax: 12 }),
    "ingests.forgetEnded": () => store.ingests.forgetEnded({ endedBefore: at, limit: 11 }),
    "ingests.claimUnfinished": () =>
      store.ingests.claimUnfinished({ at, leaseMs: 5000, limit: 11 }),
    "ingests.claimStart": () => store.ingests.claimStart({ at, leaseMs: 5000, taskId: "ing-1" }),
    "ingests.claimGone": () => store.ingests.claimGone({ ...claim, at, leaseMs: 5000 }),
    "ingests.claimLateStarts": () =>
      store.ingests.claimLateStarts({ at, leaseMs: 5000, limit: 11 }),
    "ingests.clearLateStart": () => store.ingests.clearLateStart(claim),
    "ingests.beginFailedSourceStops": () =>
      store.ingests.beginFailedSourceStops({
        at,
        leaseMs: 5000,
        lastSeenBefore: earlier,
        limit: 11,
      }),
    "ingests.claimStaleTasks": () =>
      store.ingests.claimStaleTasks({ at, quietSince: earlier, limit: 11 }),

    "scheduled.claimDue": () =>
      store.scheduled.claimDue({ at, horizonAt: later, leaseMs: 5000, limit: 11, accountMax: 12 }),
    "scheduled.nextClaimAt": () =>
      store.scheduled.nextClaimAt({ at, horizonAt: later, aheadMs: 1234, accountMax: 12 }),
    "scheduled.begin": () => store.scheduled.begin({ claimed, at, ...times, quotas: {} }),
    // Without a row to claim nothing more is sent, so the statements after it are in `quotas`.
    "scheduled.begin, with limits": () =>
      store.scheduled.begin({ claimed, at, ...times, quotas: { maxIngests: 4 } }),
    "scheduled.begin, within a budget": () =>
      store.scheduled.begin({ claimed, at, ...times, quotas: {}, budgets: budgets.slice(1) }),
    "scheduled.reschedule": () =>
      store.scheduled.reschedule({ ...claim, advanceAt: later, ...refusal }),
    "scheduled.postpone": () =>
      store.scheduled.postpone({ ...claimed, advanceAt: later, ...refusal }),
    "scheduled.release": () => store.scheduled.release(claimed),
    "scheduled.cancel": () => store.scheduled.cancel({ taskId: "ing-1", at, cause: "caller" }),
    "scheduled.listMissed": () => store.scheduled.listMissed({ at, limit: 11 }),
    "scheduled.markMissed": () => store.scheduled.markMissed({ taskId: "ing-1", at, ...refusal }),
    "scheduled.markUpdated": () =>
      store.scheduled.markUpdated({
        taskId: "ing-1",
        play: { Volume: 50 },
        schedule: {
          startsAt: later,
          startBy: latest,
          asked: {},
          deadlineAt: latest,
          latestAt: latest,
          isMoved: true,
        },
        before: { startsAt: later, deadlineAt: latest, latestAt: latest },
        movedAt: at,
        sequence: 8,
        signature: "signature",
        at,
      }),

    "scheduled.markUpdated, of a programme": () =>
      store.scheduled.markUpdated({
        taskId: "ing-1",
        play: {},
        schedule: {
          startsAt: null,
          startBy: latest,
          asked: {},
          deadlineAt: latest,
          latestAt: latest,
          isMoved: false,
        },
        before: { startsAt: null, deadlineAt: latest, latestAt: latest },
        movedAt: at,
        edit: { before: programme, programme: { ...programme, rounds: 2 }, onAir },
        signature: undefined,
        at,
      }),

    "roomEvents.recordTaskEvent": () =>
      store.roomEvents.recordTaskEvent({ ...task, media: "playing", eventAt: earlier, at }),
    "roomEvents.explainDismissal": () =>
      store.roomEvents.explainDismissal({ ...room, roomIdType: 1, eventAt: at }),
    "roomEvents.explainRemoval": () =>
      store.roomEvents.explainRemoval({ ...robot, eventAt: at, cause: "robot-removed" }),
    "roomEvents.explainEnd": () => store.roomEvents.explainEnd("ing-1"),
    "roomEvents.robotEntered": () =>
      store.roomEvents.robotEntered({ ...robot, at, answerBy: later, askedBefore: earlier }),
    "roomEvents.robotLeft": () =>
      store.roomEvents.robotLeft({ ...robot, eventAt: at, cause: "room-dismissed" }),
    "roomEvents.checkSoon": () => store.roomEvents.checkSoon("ing-1"),
    "roomEvents.markSeen": () => store.roomEvents.markSeen({ taskId: "ing-1", at }),
    "roomEvents.runningInRoom": () =>
      store.roomEvents.runningInRoom({ ...room, roomIdType: 1, startedBefore: at }),

    "audience.recordViewerEvent": () =>
      store.audience.recordViewerEvent({ ...room, userId: "viewer", isPresent: true, eventAt: at }),
    "audience.updateEmptyAt": () => store.audience.updateEmptyAt(room),
    "audience.forget": () => store.audience.forget({ leftBefore: at, seenBefore: earlier }),

    "unclaimedTasks.keep": () =>
      store.unclaimedTasks.keep({ ...task, media: "failed", eventAt: earlier, at }),
    "unclaimedTasks.drop": () => store.unclaimedTasks.drop(task),
    "unclaimedTasks.adopt": () => store.unclaimedTasks.adopt(),
    "unclaimedTasks.count": () => store.unclaimedTasks.count(at),
    "unclaimedTasks.take": () =>
      store.unclaimedTasks.take({ at, seenBefore: earlier, askedBefore: later, limit: 11 }),
    "unclaimedTasks.end": () => store.unclaimedTasks.end({ ...task, at }),
    "unclaimedTasks.forget": () =>
      store.unclaimedTasks.forget({ endedBefore: at, seenBefore: earlier }),

    "ingests.find": () => store.ingests.find({ callerId: "caller", taskId: "ing-1" }),
    "ingests.read": () => store.ingests.read("ing-1"),
    "ingests.list": () => store.ingests.list({ callerId: "caller", limit: 11 }),
    "ingests.list, of an application": () =>
      store.ingests.list({ callerId: "caller", sdkAppId: 1400000000, limit: 11 }),
    "ingests.list, with every filter": () =>
      store.ingests.list({
        callerId: "caller",
        ...room,
        roomIdType: 1,
        state: "ended",
        endReason: "failed",
        mediaState: "playing",
        clientToken: "token",
        before: "ing-9",
        limit: 11,
      }),

    "ingests.markUpdated": () =>
      store.ingests.markUpdated({
        taskId: "ing-1",
        deadlineAt: later,
        play: { Volume: 7 },
        at,
        failuresAfter: earlier,
        pausedAt: addMs(at, -3),
        turn: { sequence: 8, stepFence: 9 },
        signature: "signature",
        use: { leaseUntil: latest, second: 1234, arrivedAt: addMs(at, 5), traceId: "trace" },
      }),
    "ingests.markUpdated, of a programme": () =>
      store.ingests.markUpdated({
        taskId: "ing-1",
        deadlineAt: undefined,
        play: {},
        at,
        turn: { sequence: undefined, stepFence: 9 },
        edit: { programme, onAir, stepAt: at, leaseUntil: later },
        signature: undefined,
      }),
    "ingests.markUpdated, to a later end within a budget": () =>
      store.ingests.markUpdated({
        taskId: "ing-1",
        deadlineAt: later,
        play: {},
        at,
        budgets: budgets.slice(1),
        signature: undefined,
      }),
    "budgets.overBudget": () => store.budgets.overBudget({ taskId: "ing-1", budgets }),
    "budgets.overBudget, of a later end": () =>
      store.budgets.overBudget({ taskId: "ing-1", deadlineAt: later, budgets: budgets.slice(1) }),
    "budgets.run, watchBudget": () =>
      store.budgets.run(watchBudget, { budget: budgets[0] as Budget, receivers: ["caller"] }),
    "budgets.run, watchBudget of an application": () =>
      store.budgets.run(watchBudget, { budget: budgets[1] as Budget, receivers: ["caller"] }),
    "budgets.run, listLive": () =>
      store.budgets.run(listLive, { owner: { callerId: "caller" }, limit: 11 }),
    "budgets.run, forgetSpending": () => store.budgets.run(forgetSpending, { before: at }),
    "ingests.takeUpdateTurn": () =>
      store.ingests.takeUpdateTurn({ taskId: "ing-1", sequence: 8, at, leaseUntil: later }),
    "ingests.endUpdateTurn": () => store.ingests.endUpdateTurn({ taskId: "ing-1", stepFence: 9 }),
    "signatures.claim": () =>
      store.signatures.claim({
        signature: "signature",
        requestHash: "hash",
        at,
        leaseUntil: later,
      }),
    "signatures.claimAgain": () =>
      store.signatures.claimAgain({ signature: "signature", usedAt: at, leaseUntil: later }),
    "signatures.release": () =>
      store.signatures.release({ signature: "signature", leaseUntil: later }),
    "signatures.forget": () => store.signatures.forget(at),

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

    "deadLetters.add": () =>
      store.deadLetters.add({
        id: "dead-1",
        source: "ckafka:ingests",
        messageId: "message",
        receivedAt: at,
        code: "InvalidRequest",
        message: "refused",
        payload: { a: 1 },
      }),
    "deadLetters.resolve": () => store.deadLetters.resolve({ ids: ["dead-1", "dead-2"], at }),
    "deadLetters.forgetResolved": () => store.deadLetters.forgetResolved(at),
    "deadLetters.list": () =>
      store.deadLetters.list({ all: true, limit: 11, after: { receivedAt: at, id: "dead-1" } }),
    "deadLetters.read": () => store.deadLetters.read("dead-1"),
    "deadLetters.drop": () => store.deadLetters.drop("dead-1"),
    "deadLetters.isTokenSpent": () =>
      store.deadLetters.isTokenSpent({ callerId: "caller", clientToken: "token" }),

    "programmes.claimDue": () =>
      store.programmes.claimDue({ at, horizonAt: later, leaseMs: 5000, limit: 11, accountMax: 12 }),
    "programmes.nextClaimAt": () =>
      store.programmes.nextClaimAt({ at, horizonAt: later, aheadMs: 1234, accountMax: 12 }),
    "programmes.beginStep": () =>
      store.programmes.beginStep({
        claimed: { ...step, account: "intl", callerId: "caller" },
        at,
        needsSlot: true,
        ...times,
      }),
    "programmes.claimStep": () =>
      store.programmes.claimStep({ taskId: "ing-1", at, leaseMs: 5000 }),
    "programmes.markStepped, another item": () =>
      store.programmes.markStepped(
        { ...stepped, streamUrl: "https://example.com/b.mp4", failuresAfter: earlier },
        "item",
      ),
    "programmes.markStepped, another source": () => store.programmes.markStepped(stepped, "source"),
    "programmes.releaseStep": () => store.programmes.releaseStep({ ...step, stepAt: later }),
    "programmes.markRestarting": () =>
      store.programmes.markRestarting({
        ...claim,
        programme,
        onAir,
        advanceAt: later,
        heldUntil: latest,
      }),
    "programmes.markRestarting, of a step": () =>
      store.programmes.markRestarting({
        ...claim,
        stepFence: 7,
        programme,
        onAir,
        advanceAt: later,
        heldUntil: null,
      }),
    "programmes.findSuccessor": () => store.programmes.findSuccessor("ing-1"),
    "programmes.swapTasks": () =>
      store.programmes.swapTasks({ parent, successor, onAir, stepAt: later, at, leaseMs: 5000 }),

    "scheduled.cancel, for another occurrence": () =>
      store.scheduled.cancel({ taskId: "ing-1", at, cause: "cut", cut }),
    "overlap.listOthers": () =>
      store.overlap.listOthers({
        claimed: {
          taskId: "ing-1",
          sdkAppId: 1400000000,
          roomId: "room",
          roomIdType: 0,
          startsAt: later,
        },
        at,
      }),
    "overlap.askCut": () => store.overlap.askCut({ taskId: "ing-1", at, cut }),
    "overlap.extend": () => store.overlap.extend({ taskId: "ing-1", until: later, rollAt: latest }),
    "overlap.markPassedOver": () =>
      store.overlap.markPassedOver({
        claimed: {
          sdkAppId: 1400000000,
          roomId: "room",
          roomIdType: 0,
          occurrence: {
            scheduleId: "schedule-1",
            nominalAt: earlier.toISOString(),
            priority: 0,
            overlapPolicy: "Skip",
          },
        },
        at,
        lateBefore: earlier,
        ...refusal,
      }),
    "overlap.takeOver": () =>
      store.overlap.takeOver({
        winner,
        loser,
        reason: "Overlap",
        programme,
        onAir,
        streamUrl: "https://example.com/b.mp4",
        latestAt: latest,
        at,
        leaseMs: 5000,
      }),
    "overlap.takeOver, within a budget": () =>
      store.overlap.takeOver({
        winner,
        loser,
        reason: "Overlap",
        programme,
        onAir,
        streamUrl: "https://example.com/b.mp4",
        latestAt: latest,
        at,
        leaseMs: 5000,
        budgets: budgets.slice(1),
      }),

    "slots.take": () =>
      store.slots.take({
        account: "intl",
        action: "StopStreamIngest",
        callerId: "caller",
        waitMaxMs: 5000,
        isAgain: true,
      }),

    ...scheduleSamplesOf(store),

    beginAnew: () => beginAnew(query, at),
    ingestsOfTasks: () => ingestsOfTasks(query, ["trtc-1", "trtc-2"]),
    "health.markTimerRun": () =>
      store.health.markTimerRun({
        functionName: "expire-ingests",
        isFailed: false,
        answers: [{ account: "intl", action: "StopStreamIngest", code: null, agoMs: 20 }],
      }),
    "health.read": () => store.health.read(readTimerRuns),
    readBudgets: () => readBudgets(query),
    readCounts: () => readCounts(query),
    readSpending: () => readSpending(query),
    readSlotUse: () => readSlotUse(query),
    readTrtcAnswers: () => readTrtcAnswers(query),
    readBacklog: () => readBacklog(query, { graceMs: 1234 }),
    readDeliveries: () => readDeliveries(query),
    countGivenUp: () => countGivenUp(query),
    readHealth: () => readHealth(query),
    readLacking: () => readLacking(query),
    readReport: () =>
      readReport(query, { since: earlier, now: at, callerId: "caller", sdkAppId: 1400000000 }),
    "listForOperator, live": () => listForOperator(query, { isEnded: false, limit: 100 }),
    "listForOperator, each filter": () =>
      listForOperator(query, {
        taskIds: ["ing-1", "ing-2"],
        callerId: "caller",
        sdkAppId: 1400000000,
        roomId: "room",
        isEnded: true,
        before: "ing-3",
        limit: 100,
      }),
    "listForOperator, in trouble": () =>
      listForOperator(query, { isEnded: false, troubledAt: at, limit: 100 }),
    "listForOperator, failed": () =>
      listForOperator(query, { isEnded: true, troubledAt: at, limit: 100 }),
    "listForOperator, failed of an application": () =>
      listForOperator(query, {
        sdkAppId: 1400000000,
        isEnded: true,
        troubledAt: at,
        limit: 100,
      }),
    "listForOperator, failed of a caller": () =>
      listForOperator(query, { callerId: "caller", isEnded: true, troubledAt: at, limit: 100 }),
    "listForOperator, ended of an application": () =>
      listForOperator(query, { sdkAppId: 1400000000, isEnded: true, limit: 100 }),
    "listForOperator, ended in a room": () =>
      listForOperator(query, { roomId: "room", isEnded: true, limit: 100 }),
    costsForOperator: () =>
      costsForOperator(query, { callerId: "caller", sdkAppId: 1400000000, from: "2026-01-01" }),
    readForOperator: () => readForOperator(query, ["ing-1", "ing-2"]),
    countForOperator: () =>
      countForOperator(query, { callerId: "caller", sdkAppId: 1400000000, roomId: "room", at }),
    listSchedulesForOperator: () =>
      listSchedulesForOperator(query, {
        callerId: "caller",
        sdkAppId: 1400000000,
        roomId: "room",
        state: "Enabled",
        before: "sch-3",
        limit: 100,
      }),
    ...moveSamplesOf(database),
    readVersion: () => readVersion(query, 12),
    migrate: () =>
      migrate(database, {
        migrations: [{ version: 1, name: "first", sql: "select 1;", worksWith: 1 }],
      }),
  };
}
