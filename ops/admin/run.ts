/** `trtc-ingest admin …` for the rows of any database. Its answer is data: the command shows it. */
import { SECOND_MS } from "../../shared/clock.js";
import { asApiError } from "../../shared/contract/errors.js";
import type { Services } from "../../shared/ingest/services.js";
import { presentEvent } from "../../shared/ingest/timeline.js";
import { moveOne, plannedMove } from "../../shared/operator/move.js";
import { writeStop } from "../../shared/operator/write-stop.js";
import { listEvents } from "../../shared/store/history/list-events.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { listForOperator } from "../../shared/store/operator.js";
import { readVersion, versionFault } from "../../shared/store/schema/version.js";
import type { CostDocument } from "../../local/terminal/costs.js";
import type { CommandResult } from "../../local/terminal/terminal.js";
import { operatorOf } from "../operator.js";
import { type AdminFlags, readFlags, VERBS } from "./command-line.js";
import { costOfRows, listRows } from "./rows.js";
import { awaitEnds } from "./stop.js";
import type { AdminDesk, AdminDocument, Outcome, Result } from "./outcome.js";

const CHANGED_MAX = 100_000;

/** The first argument is the verb. The output is JSON, for the command that shows it. */
export async function runAdmin(args: readonly string[], desk: AdminDesk): Promise<CommandResult> {
  const verb = VERBS.find((name) => name === args[0]);
  if (!verb) throw new Error(`name one of ${VERBS.join(", ")}`);
  const flags = readFlags(verb, args.slice(1));
  const fault = versionFault(await readVersion(desk.query));
  if (fault !== undefined) throw new Error(fault);
  if (verb === "cost") return answer(await costOfRows(desk, flags), 0);
  if (verb === "list") return answer(await listRows(desk, flags), 0);
  if (verb === "timeline") return answer({ rows: await timeline(desk, flags), isCut: false }, 0);
  const { services: made, query } = desk;
  const services = { ...made, store: made.store.by(operatorOf(`admin ${verb}`)) };
  const { rows, isCut } = await selected(desk, verb, flags);
  const outcomes = await change({ query, services }, rows, { verb, flags });
  const isWell = outcomes.every(({ ok }) => ok) && !(isCut && flags.isYes);
  return answer({ rows: outcomes, isCut }, isWell ? 0 : 1);
}

const answer = (document: AdminDocument | CostDocument, code: number): CommandResult => ({
  out: JSON.stringify(document),
  code,
});

async function timeline({ query, services }: AdminDesk, { taskId }: AdminFlags): Promise<object[]> {
  const events = await listEvents(query, { taskId, after: 0, limit: CHANGED_MAX });
  const ingest = await services.store.ingests.read(taskId);
  if (ingest && events.length > 0) return events.map((event) => presentEvent(event, ingest));
  throw new Error(
    `no ingest has the TaskId ${taskId}: send one of trtc-ingest admin list. History goes with its ingest, after RETENTION_DAYS`,
  );
}

type Change = "stop" | "move";

/** A second stop goes on with the others. A second move would move the same ones again. */
async function selected(
  { query, changedMax = CHANGED_MAX }: AdminDesk,
  verb: Change,
  { room, caller }: AdminFlags,
): Promise<{ rows: Ingest[]; isCut: boolean }> {
  const filter = { roomId: room, callerId: caller, isEnded: false, limit: changedMax + 1 };
  const rows = await listForOperator(query, filter);
  const isCut = rows.length > changedMax;
  if (isCut && verb === "move") {
    throw new Error(
      `more than ${changedMax} ingests would move: select fewer by --room or --caller`,
    );
  }
  return { rows: rows.slice(0, changedMax), isCut };
}

async function change(
  desk: AdminDesk,
  rows: readonly Ingest[],
  { verb, flags }: { verb: Change; flags: AdminFlags },
): Promise<Outcome[]> {
  const { byMs, waitMs } = flags;
  if (!flags.isYes) {
    return rows.map((ingest) =>
      outcomeOf(ingest, {
        Outcome: verb === "stop" ? "would be stopped" : `would move: ${plannedMove(ingest, byMs)}`,
        ok: true,
      }),
    );
  }
  if (verb === "move") {
    const outcomes: Outcome[] = [];
    for (const ingest of rows) {
      outcomes.push(outcomeOf(ingest, await moved(desk.services, ingest, byMs)));
    }
    return outcomes;
  }
  const failures = new Map<Ingest, Result>();
  for (const ingest of rows) {
    await writeStop(desk.services, ingest).catch((error: unknown) => {
      failures.set(ingest, failed(error));
    });
  }
  const asked = rows.filter((ingest) => !failures.has(ingest));
  const ends = await awaitEnds(desk, asked, waitMs);
  return rows.map((ingest) => outcomeOf(ingest, failures.get(ingest) ?? ends(ingest)));
}

/** For one update, as in a function. */
const TIME_MS = 30 * SECOND_MS;

async function moved(services: Services, ingest: Ingest, byMs: number): Promise<Result> {
  const startedMs = services.clock.elapsedMs();
  const timeLeftMs = () => TIME_MS - (services.clock.elapsedMs() - startedMs);
  try {
    const deadline = await moveOne(services, ingest, { byMs, timeLeftMs });
    return { Outcome: `moved: ends ${deadline}`, ok: true };
  } catch (error) {
    return failed(error);
  }
}

/** An unexpected error is the outcome of its ingest too, so that the others keep theirs. */
function failed(error: unknown): Result {
  const { code } = asApiError(error);
  const words = error instanceof Error ? error.message : String(error);
  return { Outcome: `${code}: ${words}`, ok: false };
}

const outcomeOf = ({ taskId, callerId, roomId }: Ingest, result: Result): Outcome => ({
  TaskId: taskId,
  Caller: callerId,
  RoomId: roomId,
  ...result,
});
