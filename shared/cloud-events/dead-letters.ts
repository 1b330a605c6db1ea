/**
 * Keeps a message that fails as a dead letter. An operator can read it, and replay it after fixing
 * the cause.
 */
import { type ApiError, asApiError } from "../contract/errors.js";
import type { DeadLetter } from "../store/dead-letters.js";
import { callUseCase } from "../ingest/use-cases.js";
import { askedOf, checkedMessage, type EventRun, type EventUseCases } from "./call.js";
import { type EventContent, type EventMessage, deadLetterIdOf, tokenOf } from "./message.js";
import { withoutMark } from "../json.js";
import { withoutQueries } from "../trtc/trtc-error.js";
import { storedToken } from "../ingest/start/plan-start.js";
import type { Services } from "../ingest/services.js";

const TEXT_MAX = 1000;

/** Throws the database's error. The message is not done until its dead letter is stored. */
export async function addDeadLetter(
  { store, clock }: Services,
  message: EventMessage,
  { code, message: why }: Pick<ApiError, "code" | "message">,
  id = deadLetterIdOf(message),
): Promise<string> {
  await store.deadLetters.add({
    id,
    source: storable(message.source).slice(0, TEXT_MAX),
    messageId: storable(message.id).slice(0, TEXT_MAX),
    receivedAt: clock.now(),
    code,
    message: storable(withoutQueries(why)).slice(0, TEXT_MAX),
    payload: { id: storable(message.id), content: keptOf(message.content, code) },
  });
  return id;
}

/**
 * We store no signed texts: a replay signs again. This also matches misspelled names and names
 * within a text.
 */
const NOT_KEPT = /usersig|privatemapkey/i;

/** The message itself is wrong. No change elsewhere can help, so we never replay it. */
const HOPELESS: ReadonlySet<string> = new Set([
  "InvalidParameter.BodyParamsError",
  "InvalidAction",
  "UnknownParameter",
]);

function keptOf(content: EventContent, code: string): EventContent {
  switch (content.kind) {
    case "action":
      return HOPELESS.has(code) ? hopeless(content.body) : keptBody(content.body);
    case "object":
      return { ...content, object: { ...content.object, key: storable(content.object.key) } };
    case "unreadable":
      return { ...content, head: masked(content.head) };
  }
}

/** Only for display. It helps an operator to find the sender. */
const hopeless = (body: string): EventContent => ({
  kind: "unreadable",
  problem: "The message is no action.",
  head: masked(body),
});

function keptBody(body: string): EventContent {
  try {
    const kept = JSON.stringify(JSON.parse(withoutMark(body)), (name: string, value: unknown) =>
      NOT_KEPT.test(name) || (typeof value === "string" && NOT_KEPT.test(value))
        ? undefined
        : value,
    );
    return { kind: "action", body: storable(kept) };
  } catch {
    return hopeless(body);
  }
}

/** Long runs of word characters may be keys or signed texts. */
const masked = (text: string): string =>
  storable(text.slice(0, TEXT_MAX)).replace(/[\w*+/=-]{24,}/g, "…");

/** PostgreSQL cannot store these two in a text. */
const storable = (text: string): string => text.replace(/\0|\p{Surrogate}/gu, "\ufffd");

export interface Replay extends EventRun {
  useCases: EventUseCases;
}

/**
 * Replays a dead letter's message with today's configuration. After another failure it throws
 * ApiError and updates the reason. It looks up an object's details again.
 */
export async function replayDeadLetter(
  services: Services,
  deadLetter: DeadLetter,
  replay: Replay,
): Promise<"done" | "ignored"> {
  const message = messageOf(deadLetter);
  try {
    return await replayMessage(services, { message, id: deadLetter.id }, replay);
  } catch (error) {
    const refusal = asApiError(error);
    await addDeadLetter(services, message, refusal, deadLetter.id);
    throw refusal;
  }
}

async function replayMessage(
  services: Services,
  { message, id }: { message: EventMessage; id: string },
  { useCases, timeLeftMs }: Replay,
): Promise<"done" | "ignored"> {
  const { store, clock } = services;
  const asked = askedOf(services, message);
  if (!asked) return "ignored";
  const attempt = await freshAttempt(services, message, asked.caller.Id);
  const call = checkedMessage(services, { message, asked }, { timeLeftMs, attempt });
  await callUseCase(services, useCases, call);
  await store.deadLetters.resolve({ ids: [id], at: clock.now() });
  return "done";
}

/**
 * Only a token that was refused for good makes way for the next. One message thus starts one robot
 * at most.
 */
async function freshAttempt(
  { store, places }: Services,
  message: EventMessage,
  callerId: string,
): Promise<number> {
  const stores = places?.all.map((place) => place.store) ?? [store];
  for (let attempt = 0; ; attempt += 1) {
    const clientToken = storedToken(tokenOf(message, attempt));
    const spent = await Promise.all(
      stores.map((place) => place.deadLetters.isTokenSpent({ callerId, clientToken })),
    );
    if (!spent.includes(true)) return attempt;
  }
}

/** Restores the message as the function first read it. */
function messageOf({ source, messageId, payload }: DeadLetter): EventMessage {
  const { id, content } = payload as { id?: string; content: EventContent };
  return { source, id: id ?? messageId, content };
}
