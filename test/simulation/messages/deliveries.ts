/**
 * What becomes of messages on their way: each is delivered to the real use case of the door until
 * its provider takes it for done, in batches of any order, late, and now and then once more than
 * was needed. A queue keeps a message for as long as that takes, everybody else tries three times.
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

/** The first time and two more, a minute apart: as functions that are called asynchronously. */
const PUSHES = 3;

export interface Deliveries {
  put: (message: Message) => void;
  /** How many copies nobody has taken for done, or given up, so far. */
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

  /** One that has come in, and others of its source, in any order; none if another took it along. */
  function drawBatch({ message: { kind, delivery } }: Copy): Copy[] {
    const size = delivery === "push" ? 1 : random.between(1, BATCH_MAX);
    const batch: Copy[] = [];
    for (let left = size; left > 0; left -= 1) {
      // A queue has a message once at a time, and a copy of it maybe elsewhere.
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

/** SQS hears which are to come again; to everybody else an error, or no answer, means all of them. */
function againAfter(ended: Ended<EventAnswer>): (copy: Copy) => boolean {
  if (ended.kind !== "answer") return () => true;
  const { answer } = ended;
  if (!("batchItemFailures" in answer)) return () => false;
  const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return ({ message }) => failed.has(message.read.id);
}

const latenessMs = (random: Random): number =>
  random.between(5, random.pick([60, 60, 500, 5000, MINUTE_MS]));
