/**
 * What becomes of a message that cannot be played: its letter is kept, to be looked at, and played
 * again when what stood in its way is gone.
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

/** Throws what the database throws: until the letter is written, the message is not done. */
export async function addDeadLetter(
  { store, clock }: Services,
  message: EventMessage,
  { code, message: why }: Pick<ApiError, "code" | "message">,
  id = deadLetterIdOf(message),
): Promise<string> {
  await store.addDeadLetter({
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

/** Signed texts are stored nowhere: a replay signs anew. Also as they are spelled wrongly, or within a text. */
const NOT_KEPT = /usersig|privatemapkey/i;

/** What is wrong with the message itself: it is never played, whatever is set right elsewhere. */
const HOPELESS: ReadonlySet<string> = new Set([
  ...["InvalidParameter.BodyParamsError", "InvalidAction", "UnknownParameter"],
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

/** Only shown, to whoever looks for its sender. */
const hopeless = (body: string): EventContent => ({
  ...{ kind: "unreadable", problem: "The message is no action.", head: masked(body) },
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

/** Long runs of one word may be keys or signed texts. */
const masked = (text: string): string =>
  storable(text.slice(0, TEXT_MAX)).replace(/[\w*+/=-]{24,}/g, "…");

/** PostgreSQL has no place for these two in a text. */
const storable = (text: string): string => text.replace(/\0|\p{Surrogate}/gu, "\ufffd");

export interface Replay extends EventRun {
  useCases: EventUseCases;
}

/**
 * Plays a letter's message again, by today's configuration. Throws ApiError when it came to nothing
 * once more, and the letter then says why; what it says of an object is looked up anew.
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
  await store.resolveDeadLetters({ ids: [id], at: clock.now() });
  return "done";
}

/** Only a token that was refused for good is left for the next: one robot a message, however often. */
async function freshAttempt(
  { store }: Services,
  message: EventMessage,
  callerId: string,
): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    const clientToken = storedToken(tokenOf(message, attempt));
    if (!(await store.isTokenSpent({ callerId, clientToken }))) return attempt;
  }
}

/** As it was read once. */
function messageOf({ source, messageId, payload }: DeadLetter): EventMessage {
  const { id, content } = payload as { id?: string; content: EventContent };
  return { source, id: id ?? messageId, content };
}
