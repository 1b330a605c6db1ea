/** Statements to the database: each is one event of the run, and each can fail. */
import { ApiError } from "../../../shared/contract/errors.js";
import type { StatementFault } from "../faults.js";
import { deliver, type Invocation, killAllOn, type Machine } from "./machines.js";
import type { Random } from "../random.js";
import type { World } from "./world.js";

/** As the store reports a lost connection; a bug of ours throws another error. */
export class DatabaseGone extends ApiError {
  constructor(detail: string) {
    super("ServiceUnavailable", undefined, { detail, cause: new Error(detail) });
  }
}

/** Delivers a statement to the database, and its rows back. */
export type Carry = <T>(name: string, execute: () => T | Promise<T>) => Promise<T>;

/** As in shared/store/engine/postgres.ts: the driver gives a statement up after it. */
const GIVEN_UP_MS = 10_000;

export function carryStatements(world: World, invocation: Invocation): Carry {
  const { timeline, random, faults, history } = world;
  const { machine, name: by } = invocation;

  function drawFault(name: string): StatementFault | undefined {
    const isAway = world.isDatabaseDown();
    const fault = isAway ? "error-before" : faults.statement(name);
    if (fault) history.note(by, `${name}: ${isAway ? "the database is away" : fault}`);
    return fault;
  }

  return <T>(name: string, execute: () => T | Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      const fault = drawFault(name);
      const { thereMs, backMs } = pathOf(random, fault);
      const hand = (afterMs: number, what: () => void) => {
        deliver(timeline, { invocation, atMs: timeline.nowMs() + afterMs, hand: what });
      };
      const giveUp = (afterMs: number) => {
        hand(afterMs, () => reject(new DatabaseGone(`${name}: no answer`)));
      };

      /** In the model, all of it happens at once. */
      function arrive(): void | Promise<void> {
        const result = settled(execute);
        return result instanceof Promise ? result.then(look) : look(result);
      }

      function look(result: Settled<T>): void | Promise<void> {
        const looked = world.afterStatement(name, "value" in result ? result.value : undefined);
        if (looked) return looked.then(() => answer(result));
        answer(result);
        return undefined;
      }

      function answer(result: Settled<T>): void {
        if (fault === "crash-after") killAllOn(machine);
        if (fault === "freeze-after") freeze(world, machine);
        if (fault === "error-after") giveUp(backMs);
        else if (fault === "late") return;
        else if ("error" in result) hand(backMs, () => reject(result.error));
        else hand(backMs, () => resolve(result.value));
      }

      if (fault === "crash-before") killAllOn(machine);
      else if (fault === "error-before") giveUp(thereMs);
      else {
        if (fault === "late") giveUp(GIVEN_UP_MS);
        if (fault === "freeze-before") freeze(world, machine);
        timeline.at(Math.max(timeline.nowMs(), machine.thawsMs) + thereMs, arrive);
      }
    });
}

type Settled<T> = { value: T } | { error: Error };

/** Awaits only a promise: in the model nothing takes time. */
function settled<T>(execute: () => T | Promise<T>): Settled<T> | Promise<Settled<T>> {
  try {
    const value = execute();
    if (!(value instanceof Promise)) return { value };
    return value.then(
      (awaited) => ({ value: awaited }),
      (error: unknown) => ({ error: error as Error }),
    );
  } catch (error) {
    return { error: error as Error };
  }
}

/** The time of a freeze can exceed any lease, but not the validity of a signature. */
export function freeze({ timeline, random, history }: World, machine: Machine): void {
  const frozenMs = random.between(500, random.pick([3000, 20_000, 120_000]));
  machine.thawsMs = Math.max(machine.thawsMs, timeline.nowMs() + frozenMs);
  history.note(machine.name, `frozen for ${frozenMs} ms`);
}

function pathOf(random: Random, fault: StatementFault | undefined) {
  const usual = { thereMs: random.between(1, 12), backMs: random.between(1, 12) };
  if (fault === "slow") return { ...usual, thereMs: random.between(200, 8000) };
  if (fault === "late") return { ...usual, thereMs: random.between(GIVEN_UP_MS, 40_000) };
  return usual;
}
