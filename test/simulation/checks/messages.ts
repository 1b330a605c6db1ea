/** Promises about messages: none is lost, and none takes effect twice. */
import { isOfMessage, type Message } from "../messages/message.js";
import type { StoredIngest } from "../model/tables.js";
import type { Check, Known } from "./facts.js";

function messageIsPlayed(): Check {
  const volumes = new Map<string, Set<number | undefined>>();
  const deadlines = new Map<string, Set<number>>();
  return {
    name: "8: a message that is done had its effect, or its letter is kept",
    objection(fact, known) {
      if (fact.kind === "row") {
        remember(volumes, fact.row.taskId, fact.row.play.Volume);
        remember(deadlines, fact.row.taskId, fact.row.deadlineAt.getTime());
      }
      if (fact.kind !== "message-done" || known.deadLetters.has(fact.deadLetterId))
        return undefined;
      const missing = missingEffect(fact.message, known);
      return missing && `${fact.message.read.id} is done, and ${missing}`;
    },
  };

  function missingEffect({ meant }: Message, known: Known): string | undefined {
    switch (meant.verb) {
      case "nothing":
        return undefined;
      case "nonsense":
        return "it has no letter";
      case "StartStreamIngest": {
        const rows = known.rowsOfIntent(meant.intent);
        return rows.some(({ trtcTaskId, startsAt }) => trtcTaskId !== null || startsAt !== null)
          ? undefined
          : "nothing has played";
      }
      case "StopStreamIngest":
        return known.rows.get(meant.taskId)?.state === "ended" ? undefined : "its ingest goes on";
      case "UpdateStreamIngest": {
        const { taskId, volume, stopAtMs } = meant;
        const isOver = known.rows.get(taskId)?.state !== "running";
        const isSet = volume === undefined || volumes.get(taskId)?.has(volume) === true;
        const isMoved = stopAtMs === undefined || deadlines.get(taskId)?.has(stopAtMs) === true;
        return isOver || (isSet && isMoved) ? undefined : "nothing was changed";
      }
    }
  }
}

function remember<T>(seen: Map<string, Set<T>>, taskId: string, value: T): void {
  const values = seen.get(taskId) ?? new Set();
  seen.set(taskId, values.add(value));
}

/**
 * Each update of these stories sets another volume or deadline. A moved StartTime moves the deadline
 * with it, up to the StopTime, so the deadline may be the same again.
 */
function updatesCountOnce(): Check {
  const left = new Map<string, Set<string>>();
  return {
    name: "8: an update that comes again undoes nothing",
    objection(fact) {
      if (fact.kind !== "row" || !isOfMessage(fact.row.clientToken)) return undefined;
      const { before, row } = fact;
      if (!before) return undefined;
      for (const value of ["volume", "deadline"] as const) {
        const [was, is] = [VALUES[value](before), VALUES[value](row)];
        if (was === is || (value === "deadline" && isMoved(before, row))) continue;
        remember(left, row.taskId, `${value} ${was}`);
        if (left.get(row.taskId)?.has(`${value} ${is}`) === true)
          return `the ${value} of ${row.taskId} is ${is} again`;
      }
      return undefined;
    },
  };
}

const isMoved = (before: StoredIngest, row: StoredIngest): boolean =>
  before.startsAt?.getTime() !== row.startsAt?.getTime();

const VALUES = {
  volume: ({ play }: StoredIngest) => String(play.Volume),
  deadline: ({ deadlineAt }: StoredIngest) => deadlineAt.toISOString(),
};

/** This holds for any number of deliveries and replays. */
const oneIngestPerMessage: Check = {
  name: "8: never two ingests for one message",
  objection(fact, known) {
    if (fact.kind !== "row" || fact.before || !isOfMessage(fact.row.clientToken)) return undefined;
    const { row } = fact;
    const other = known
      .rowsOfIntent(row.play.StreamUrl)
      .find(({ taskId, state }) => taskId !== row.taskId && state !== "ended");
    return other && `${other.taskId} is ${other.state}, and ${row.taskId} is for the same message`;
  },
};

export const MESSAGES = (): Check[] => [messageIsPlayed(), updatesCountOnce(), oneIngestPerMessage];
