/** The active faults, and the choice of the fault that hits the next call or callback. */
import type { EventType } from "../callbacks/bodies.js";
import type { TrtcAction } from "../api/schemas.js";
import type { CallbackFault, CallFault, Fault } from "./fault.js";

export type FaultCount = Fault & { hits: number };

export interface FaultBoard {
  /** Adds after the existing faults. If several match, the first one hits. */
  add(...faults: Fault[]): void;
  clear(): void;
  /** In the order in which they were added, including used-up ones. */
  list(): FaultCount[];
  takeCall(action: TrtcAction): CallFault | undefined;
  takeCallback(event: EventType): CallbackFault | undefined;
}

interface Entry<F extends Fault> {
  fault: F;
  hits: number;
  /** The next number of the fault's own sequence, from 0 to 1. */
  draw: () => number;
}

/** More than any test adds. Beyond it used-up faults are dropped first, then the oldest. */
const FAULTS_KEPT = 1000;

export function makeFaultBoard(initial: readonly Fault[] = []): FaultBoard {
  let entries: Entry<Fault>[] = [];
  const add = (...faults: Fault[]): void => {
    entries.push(
      ...faults.map((fault) => ({ fault, hits: 0, draw: randomNumbers(fault.seed ?? 0) })),
    );
    if (entries.length > FAULTS_KEPT) entries = entries.filter((entry) => !isSpent(entry));
    entries.splice(0, entries.length - FAULTS_KEPT);
  };
  add(...initial);

  function take(isFor: (fault: Fault) => boolean): Fault | undefined {
    const hit = entries.find((entry) => isFor(entry.fault) && !isSpent(entry) && isDrawn(entry));
    if (hit) hit.hits += 1;
    return hit?.fault;
  }

  return {
    add,
    clear: () => (entries = []),
    list: () => entries.map(({ fault, hits }) => ({ ...fault, hits })),
    takeCall: (action) =>
      take((fault) => "action" in fault && (fault.action === "*" || fault.action === action)) as
        CallFault | undefined,
    takeCallback: (event) =>
      take((fault) => "event" in fault && (fault.event === "*" || fault.event === event)) as
        CallbackFault | undefined,
  };
}

const isSpent = ({ fault: { times = Infinity }, hits }: Entry<Fault>): boolean => hits >= times;

const isDrawn = ({ fault: { share }, draw }: Entry<Fault>): boolean =>
  share === undefined || draw() < share;

/** Gives the same numbers for the same seed on every machine (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
