/** The faults that are set, and which of them meets the next call or callback. */
import type { EventType } from "../callbacks/bodies.js";
import type { TrtcAction } from "../api/schemas.js";
import type { CallbackFault, CallFault, Fault } from "./fault.js";

export type FaultCount = Fault & { hits: number };

export interface FaultBoard {
  /** Behind those that are set already: of several that match, the first one hits. */
  add(...faults: Fault[]): void;
  clear(): void;
  /** In the order in which they were set, the used-up ones as well. */
  list(): FaultCount[];
  takeCall(action: TrtcAction): CallFault | undefined;
  takeCallback(event: EventType): CallbackFault | undefined;
}

interface Entry<F extends Fault> {
  fault: F;
  hits: number;
  /** 0 to 1: the next number of the fault's own sequence. */
  draw: () => number;
}

/** More than any test sets; beyond it the used-up ones are forgotten, and then the oldest. */
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

/** The same numbers for the same seed, on every machine (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
