/**
 * Delivers each message to the function's real use case until its provider considers it done.
 * Batches come in any order, late, and sometimes once more than necessary. A queue keeps a message
 * until it is done. Every other provider tries three times.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { playBatch } from "../../../shared/cloud-events/batch.js";
import { deadLetterIdOf } from "../../../shared/cloud-events/message.js";
import { readEvent } from "../../../shared/cloud-events/envelopes/read-event.js";
import { answerOf, type EventAnswer } from "../../../shared/runtime/event.js";
import { count } from "../faults.js";
import type { Ended, Platform } from "../platform/platform.js";
import type { Random } from "../random.js";
import type { World } from "../platform/world.js";
import { type Message, together } from "./message.js";
import { eventUseCases } from "./use-cases.js";

/** As in serverless.yml. */
const LIMIT_MS = 60 * SECOND_MS;

const BATCH_MAX = 5;

/** The first try and two more, a minute apart: the platform's retries of asynchronous calls. */
const PUSHES = 3;

export interface Deliveries {
  put: (message: Message) => void;
  /** Number of copies that are neither done nor given up. */
  open: () => number;
}

/** One copy of a message, under way. */
interface Copy {
  message: Message;
  triesLeft: number;
}

export function makeDeliveries(world: World, platform: Platform, random: Random): Deliveries {
  const { timeline, facts, faults, history } = world;
  const useCases = eventUseCases(world, platform);
  const waiting: Copy[] = [];
  let open = 0;

  function put(message: Message): void {
    history.note("producer", `${message.kind} has ${JSON.stringify(message.read.content)}`);
    send(message, latenessMs(random));
    if (random.chance(0.35)) send(message, random.between(0, 90 * SECOND_MS));
  }

  function send(message: Message, afterMs: number): void {
    open += 1;
    comeIn({ message, triesLeft: message.delivery === "push" ? PUSHES : Infinity }, afterMs);
  }

  function comeIn(copy: Copy, afterMs: number): void {
    timeline.at(timeline.nowMs() + afterMs, () => {
      waiting.push(copy);
      void deliver(drawBatch(copy));
    });
  }

  /**
   * A copy that arrived, and others of its source, in any order. Empty when another batch took the
   * copy along.
   */
  function drawBatch({ message: { kind, delivery } }: Copy): Copy[] {
    const size = delivery === "push" ? 1 : random.between(1, BATCH_MAX);
    const batch: Copy[] = [];
    for (let left = size; left > 0; left -= 1) {
      // A queue delivers a message once at a time, and another copy may wait elsewhere.
      const fitting = waiting.filter(
        ({ message }) => message.kind === kind && !batch.some((taken) => taken.message === message),
      );
      if (fitting.length === 0) break;
      const copy = random.pick(fitting);
      waiting.splice(waiting.indexOf(copy), 1);
      batch.push(copy);
    }
    return batch;
  }

  async function deliver(batch: readonly Copy[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    const { kind } = first.message;
    const event = together(batch.map(({ message }) => message));
    const ended = await platform.invoke<EventAnswer>({
      name: "cloud-event",
      limitMs: LIMIT_MS,
      async body(services, timeLeftMs) {
        const read = readEvent(event);
        return answerOf(read, await playBatch(services, read, { useCases, timeLeftMs }));
      },
    });
    const comesAgain = againAfter(ended);
    for (const copy of batch) {
      if (comesAgain(copy)) again(copy);
      else done(copy);
    }
    count(faults.coverage, `delivery ${kind}`, ended.kind);
  }

  function done({ message }: Copy): void {
    open -= 1;
    history.note("provider", `${message.kind} message ${message.read.id} is done`);
    facts.tell({ kind: "message-done", message, deadLetterId: deadLetterIdOf(message.read) });
  }

  function again({ message, triesLeft }: Copy): void {
    if (triesLeft === 1) {
      open -= 1;
      history.note("provider", `${message.kind} message ${message.read.id} is given up`);
      return;
    }
    const afterMs =
      message.delivery === "push" ? MINUTE_MS : random.between(SECOND_MS, 30 * SECOND_MS);
    comeIn({ message, triesLeft: triesLeft - 1 }, afterMs);
  }

  return { put, open: () => open };
}

/**
 * SQS learns which messages must come again. For other providers, an error or no answer means all
 * of them.
 */
function againAfter(ended: Ended<EventAnswer>): (copy: Copy) => boolean {
  if (ended.kind !== "answer") return () => true;
  const { answer } = ended;
  if (!("batchItemFailures" in answer)) return () => false;
  const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return ({ message }) => failed.has(message.read.id);
}

const latenessMs = (random: Random): number =>
  random.between(5, random.pick([60, 60, 500, 5000, MINUTE_MS]));
