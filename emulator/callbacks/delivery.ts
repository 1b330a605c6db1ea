/**
 * Delivers events to applications by TRTC's rules. A failed callback is sent again at once, then
 * every ten seconds, until the event is a minute old. Callbacks may therefore arrive twice, late,
 * out of order or never.
 */
import { type Clock, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { FaultBoard } from "../faults/fault-board.js";
import type { Application } from "../accounts.js";
import type { SwitchBoard } from "../admin/switches.js";
import { bodyOf, bytesOf, type Event } from "./bodies.js";
import type { CallbackRecord, CallbackRecords } from "./records.js";
import { OK, send } from "./send.js";
import { makeTurns, type Turns } from "./turns.js";

const RETRY_MS = 10 * SECOND_MS;
const AGE_MAX_MS = MINUTE_MS;

/** Per application. TRTC does not document how many it sends at once. */
const AT_ONCE = 64;

/** A held event leaves after the next event, or alone after this time. */
const HOLD_MAX_MS = 10 * SECOND_MS;

interface Needs {
  /** The clock of the retries. */
  clock: Clock;
  /** The clock of the five-second limit. It is real, because the receiver is real. */
  answerClock: Clock;
  /** Aborts when the emulator closes. */
  signal: AbortSignal;
  switches: SwitchBoard;
  faults: FaultBoard;
  records: CallbackRecords;
}

/** Events of one `line` leave in order, as long as no delivery fails. */
export type Deliver = (application: Application, event: Event, line: string) => void;

export function makeDeliver(needs: Needs): Deliver {
  const { clock, answerClock, signal, switches, faults, records } = needs;
  /** The last first attempt of each line. */
  const lines = new Map<string, Promise<void>>();
  /** Held events by line. Each leaves after the next event of its line. */
  const held = new Map<string, () => void>();

  const turns = new Map<number, Turns>();
  const turnsOf = ({ sdkAppId }: Post): Turns => {
    const known = turns.get(sdkAppId) ?? makeTurns(AT_ONCE);
    turns.set(sdkAppId, known);
    return known;
  };

  /** Returns whether this was the last attempt. */
  const attempt = (post: Post): Promise<boolean> =>
    turnsOf(post).run(async () => {
      // Real time, not the moved clock, because the wait depends on a real receiver.
      if (answerClock.elapsedMs() - post.queuedMs > AGE_MAX_MS) return giveUp(post);
      const outcome = await send(post, { clock: answerClock, signal });
      post.record.attempts.push({ at: clock.now().toISOString(), outcome });
      if (outcome !== OK) return false;
      post.record.state = "delivered";
      return true;
    });

  /** Tries at once, then every ten seconds. */
  async function retry(post: Post): Promise<void> {
    const isYoung = () => clock.now().getTime() - post.madeMs < AGE_MAX_MS && !signal.aborted;
    for (let waitMs = 0; ; waitMs = RETRY_MS) {
      await clock.sleep(waitMs, signal);
      if (!isYoung()) break;
      if (await attempt({ ...post, queuedMs: answerClock.elapsedMs() })) return;
    }
    giveUp(post);
  }

  function leave(post: Post, line: string, times: number): void {
    const turn = (lines.get(line) ?? Promise.resolve()).then(async () => {
      for (let n = 0; n < times; n += 1) {
        if (!(await attempt(post))) void retry(post);
      }
    });
    lines.set(line, turn);
    void turn.then(() => {
      if (lines.get(line) === turn) lines.delete(line);
    });
  }

  /** Waits until the next event of the line leaves, or until none comes in time. */
  function hold(post: Post, line: string): void {
    const release = () => leave({ ...post, queuedMs: answerClock.elapsedMs() }, line, 1);
    held.set(line, release);
    void clock.sleep(HOLD_MAX_MS, signal).then(() => {
      if (held.get(line) !== release || signal.aborted) return;
      held.delete(line);
      release();
    });
  }

  return (application, event, line) => {
    const { callbackUrl: url, callbackKey: key, sdkAppId } = application;
    if (url === undefined) return;
    const madeAt = clock.now();
    const ingestGroup = switches.read().ingestEventGroup;
    const body = bodyOf(event, { callbackAt: madeAt, ingestGroup });
    const record = records.add(sdkAppId, body);
    const madeMs = madeAt.getTime();
    const queuedMs = answerClock.elapsedMs();
    const post = { url, key, sdkAppId, bytes: bytesOf(body), record, madeMs, queuedMs };
    const fault = faults.takeCallback(event.type);
    const before = held.get(line);
    held.delete(line);
    switch (fault?.kind) {
      case "drop":
        record.state = "dropped";
        record.attempts.push({ at: madeAt.toISOString(), outcome: "dropped by a fault" });
        break;
      case "reorder":
        hold(post, line);
        break;
      case "delay":
        void clock.sleep(fault.ms, signal).then(() => {
          if (signal.aborted) return;
          const delayed = { madeMs: madeMs + fault.ms, queuedMs: answerClock.elapsedMs() };
          leave({ ...post, ...delayed }, line, 1);
        });
        break;
      case "repeat":
        leave(post, line, 1 + (fault.copies ?? 1));
        break;
      case undefined:
        leave(post, line, 1);
    }
    before?.();
  };
}

/** Unless a copy has already arrived. */
function giveUp({ record }: Post): true {
  if (record.state === "pending") record.state = "dropped";
  return true;
}

interface Post {
  url: string;
  key: string | undefined;
  sdkAppId: number;
  bytes: Buffer;
  record: CallbackRecord;
  /** The start of its minute, on the tasks' clock. */
  madeMs: number;
  /** When it started to wait, on the clock of answers. */
  queuedMs: number;
}
