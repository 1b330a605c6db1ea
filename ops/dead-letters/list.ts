/** Lists, shows and replays dead letters for `trtc-ingest dead-letters`. */
import { SECOND_MS } from "../../shared/clock.js";
import { ApiError } from "../../shared/contract/errors.js";
import { replayDeadLetter } from "../../shared/cloud-events/dead-letters.js";
import type { Services } from "../../shared/ingest/services.js";
import { eventUseCases as useCases } from "../../shared/schedules/use-cases.js";
import type { DeadLetter } from "../../shared/store/dead-letters.js";
import type { Store } from "../../shared/store/store.js";
import { withoutQueries } from "../../shared/trtc/trtc-error.js";
import { printable } from "../../local/terminal/terminal.js";

const PAGE = 100;

/** Oldest first, a page at a time. A dead letter that changes meanwhile does not come twice. */
export async function* deadLettersIn(store: Store, all: boolean): AsyncGenerator<DeadLetter> {
  let after: DeadLetter | undefined;
  for (;;) {
    const page = await store.deadLetters.list({ all, limit: PAGE, after });
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

/** In the given order. Throws an Error that names the first missing one. */
export async function deadLettersNamed(
  store: Store,
  ids: readonly string[],
): Promise<DeadLetter[]> {
  const deadLetters: DeadLetter[] = [];
  for (const id of ids) {
    const deadLetter = await store.deadLetters.read(id);
    if (!deadLetter) throw new Error(`the dead letter ${printable(id)} does not exist`);
    deadLetters.push(deadLetter);
  }
  return deadLetters;
}

/** A command has no time limit. Each message gets as much time as in a function. */
const TIME_MS = 30 * SECOND_MS;

export interface Replayed {
  id: string;
  outcome: string;
  message?: string;
}

export async function replayOne(services: Services, deadLetter: DeadLetter): Promise<Replayed> {
  const { id } = deadLetter;
  const startedMs = services.clock.elapsedMs();
  const timeLeftMs = () => TIME_MS - (services.clock.elapsedMs() - startedMs);
  try {
    const outcome = await replayDeadLetter(services, deadLetter, { useCases, timeLeftMs });
    if (outcome === "done") return { id, outcome };
    return { id, outcome, message: "no rule in RULES matches this object" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { id, outcome: error.code, message: withoutQueries(error.message) };
  }
}

/**
 * The form for people and programs. It leaves out the queries of URLs, which may hold signatures.
 */
export const shown = ({ payload, ...deadLetter }: DeadLetter) => ({
  ...deadLetter,
  receivedAt: deadLetter.receivedAt.toISOString(),
  replayedAt: deadLetter.replayedAt?.toISOString() ?? null,
  payload: JSON.parse(JSON.stringify(payload), (_, value: unknown) =>
    typeof value === "string" ? withoutQueries(value) : value,
  ) as unknown,
});

export function lineOf(deadLetter: DeadLetter): string {
  const { id, receivedAt, attempts, source, code, replayedAt } = deadLetter;
  const state = replayedAt ? "replayed" : `${attempts} x`;
  return printable(`${id}  ${receivedAt.toISOString()}  ${state.padEnd(8)}  ${code}  ${source}`);
}

export function pageOf(deadLetter: DeadLetter): string {
  const { payload, ...fields } = shown(deadLetter);
  const width = Math.max(...Object.keys(fields).map((name) => name.length)) + 2;
  const lines = Object.entries(fields).map(
    ([name, value]) => `${name.padEnd(width)}${printable(String(value))}`,
  );
  return [...lines, ...JSON.stringify(payload, null, 2).split("\n").map(printable)].join("\n");
}
