/**
 * The messages of one event: what belongs to one ingest in its order, the rest side by side, and
 * all of it within the function's own time.
 */
import { ApiError, asApiError } from "../contract/errors.js";
import { addDeadLetter } from "./dead-letters.js";
import { ignoreFailure } from "../ignore.js";
import { callUseCase } from "../ingest/use-cases.js";
import { askedOf, checkedMessage, type EventRun, type EventUseCases, orderKeyOf } from "./call.js";
import { type EventBatch, type EventMessage, deadLetterIdOf } from "./message.js";
import type { Services } from "../ingest/services.js";
import { MESSAGE_MIN_MS } from "../ingest/timing.js";

export interface BatchOutcome {
  counts: Record<"messages" | Outcome, number>;
  /** What may work when it comes again. */
  later: EventMessage[];
}

/** `ignored`: an object that no rule is for. `dead`: it can never work, and its letter is kept. */
type Outcome = "done" | "ignored" | "dead" | "later";

export interface BatchRun extends EventRun {
  useCases: EventUseCases;
}

/** What one instance works on at once: more would only stand in line for TRTC's slots. */
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
  const reconcile = (message: EventMessage, outcome: Outcome) => {
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
        reconcile(message, outcome);
        // What follows it must not overtake it.
        mustWait = outcome === "later";
      }
    }
  }
  await Promise.all(Array.from({ length: LANES_MAX }, work));
  await resolve(services, done);
  return { counts, later: messages.filter((message) => later.has(message)) };
}

/** They came to nothing before, maybe, and work now. A letter that lies there too long does little harm. */
async function resolve({ store, clock }: Services, done: readonly EventMessage[]): Promise<void> {
  if (done.length === 0) return;
  const deadLetters = { ids: done.map(deadLetterIdOf), at: clock.now() };
  await store.resolveDeadLetters(deadLetters).catch(ignoreFailure);
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
  /** It is not its turn: something before it is to come again, or the time is nearly over. */
  mustWait: boolean;
}

async function play(
  services: Services,
  { message, delivery, mustWait }: Delivered,
  run: BatchRun,
): Promise<Outcome> {
  const { log } = services;
  const line: Line = {};
  // A queue has it still.
  if (mustWait && delivery !== "push") return "later";
  try {
    if (mustWait) throw notItsTurn();
    const asked = askedOf(services, message);
    if (!asked) return "ignored";
    Object.assign(line, { action: asked.action, caller: asked.caller.Id });
    const call = checkedMessage(services, { message, asked }, run);
    const answer = await callUseCase(services, run.useCases, call);
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
    // Whoever pushes gives up soon, or at once: the letter is kept in case it does.
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

  /** While the database is away no letter can be written, and the message must come again. */
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
    "It was not begun: what comes before it has to be done first, or the function had too little time.",
  );

interface Line {
  action?: string;
  caller?: string;
  ingest?: string;
}
