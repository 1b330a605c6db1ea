/**
 * Processes the messages of one event within the function's time limit. Messages about one ingest
 * run in order. The rest run in parallel.
 */
import { ApiError, asApiError } from "../contract/errors.js";
import { addDeadLetter } from "./dead-letters.js";
import { ignoreFailure } from "../ignore.js";
import { callUseCase } from "../ingest/use-cases.js";
import { askedOf, checkedMessage, type EventRun, type EventUseCases, orderKeyOf } from "./call.js";
import { type EventBatch, type EventMessage, deadLetterIdOf } from "./message.js";
import { actingAs, type Services } from "../ingest/services.js";
import { MESSAGE_MIN_MS } from "../ingest/timing.js";

export interface BatchOutcome {
  counts: Record<"messages" | Outcome, number>;
  /** These messages may work at a later delivery. */
  later: EventMessage[];
}

/**
 * `ignored`: no rule matches the object. `dead`: the message can never work, and its dead letter is
 * kept.
 */
type Outcome = "done" | "ignored" | "dead" | "later";

export interface BatchRun extends EventRun {
  useCases: EventUseCases;
}

/** An instance works on this many messages at once. More would only wait for TRTC's slots. */
const LANES_MAX = 8;

export async function playBatch(
  services: Services,
  { messages, delivery }: EventBatch,
  run: BatchRun,
): Promise<BatchOutcome> {
  const counts = { messages: messages.length, done: 0, ignored: 0, dead: 0, later: 0 };
  const later = new Set<EventMessage>();
  const lanes = lanesOf(messages).values();
  const done: EventMessage[] = [];
  const record = (message: EventMessage, outcome: Outcome) => {
    counts[outcome] += 1;
    if (outcome === "later") later.add(message);
    if (outcome === "done") done.push(message);
  };
  async function work(): Promise<void> {
    for (const lane of lanes) {
      let mustWait = false;
      for (const message of lane) {
        mustWait ||= run.timeLeftMs() < MESSAGE_MIN_MS;
        const outcome = await play(services, { message, delivery, mustWait }, run);
        record(message, outcome);
        // The next message must not overtake this one.
        mustWait = outcome === "later";
      }
    }
  }
  await Promise.all(Array.from({ length: LANES_MAX }, work));
  await resolve(services, done);
  return { counts, later: messages.filter((message) => later.has(message)) };
}

/**
 * These messages may have failed before, and work now. A dead letter that stays too long does
 * little harm.
 */
async function resolve({ store, clock }: Services, done: readonly EventMessage[]): Promise<void> {
  if (done.length === 0) return;
  const deadLetters = { ids: done.map(deadLetterIdOf), at: clock.now() };
  await store.deadLetters.resolve(deadLetters).catch(ignoreFailure);
}

function lanesOf(messages: readonly EventMessage[]): Map<string, EventMessage[]> {
  const lanes = new Map<string, EventMessage[]>();
  for (const message of messages) {
    const key = orderKeyOf(message);
    const lane = lanes.get(key);
    if (lane) lane.push(message);
    else lanes.set(key, [message]);
  }
  return lanes;
}

interface Delivered {
  message: EventMessage;
  delivery: EventBatch["delivery"];
  /** An earlier message must come again first, or the time is nearly over. */
  mustWait: boolean;
}

async function play(
  services: Services,
  { message, delivery, mustWait }: Delivered,
  run: BatchRun,
): Promise<Outcome> {
  const { log } = services;
  const line: Line = {};
  // The queue still holds the message.
  if (mustWait && delivery !== "push") return "later";
  try {
    if (mustWait) throw notItsTurn();
    const asked = askedOf(services, message);
    if (!asked) return "ignored";
    Object.assign(line, { action: asked.action, caller: asked.caller.Id });
    const call = checkedMessage(services, { message, asked }, run);
    const named = actingAs(services, { id: message.source, from: message.id });
    const answer = await callUseCase(named, run.useCases, call);
    if ("TaskId" in answer) line.ingest = String(answer.TaskId);
    const detail = "Warning" in answer ? String(answer.Warning) : undefined;
    log({ level: "info", ...line, outcome: "ok", detail });
    return "done";
  } catch (error) {
    return giveUp(asApiError(error));
  }

  async function giveUp(error: ApiError): Promise<Outcome> {
    const { code, retry, detail, status } = error;
    let outcome: Outcome = retry ? "later" : "dead";
    // A push provider soon stops trying. The dead letter protects the message in that case.
    const deadLetter = retry && delivery !== "push" ? undefined : await keepDeadLetter(error);
    if (!retry && deadLetter === undefined) outcome = "later";
    log({
      level: status >= 500 ? "error" : "warn",
      ...line,
      outcome: code,
      detail:
        [deadLetter && `dead letter ${deadLetter}`, detail].filter(Boolean).join("; ") || undefined,
    });
    return outcome;
  }

  /** Without the database we cannot store a dead letter, so the message must come again. */
  async function keepDeadLetter(error: ApiError): Promise<string | undefined> {
    try {
      return await addDeadLetter(services, message, error);
    } catch {
      return undefined;
    }
  }
}

const notItsTurn = (): ApiError =>
  new ApiError(
    "ServiceUnavailable",
    "An earlier message is not done yet, or the function had too little time: send this message again later.",
  );

interface Line {
  action?: string;
  caller?: string;
  ingest?: string;
}
