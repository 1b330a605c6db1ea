/** How a deliberate bug gets between the use cases and the store or TRTC. */
import type { Services } from "../../shared/ingest/services.js";
import type { Store } from "../../shared/store/store.js";

/** Operations of the store, by group, that replace its own. */
interface Replaced {
  ingests?: Partial<Store["ingests"]>;
  scheduled?: Partial<Store["scheduled"]>;
  programmes?: Partial<Store["programmes"]>;
  slots?: Partial<Store["slots"]>;
  signatures?: Partial<Store["signatures"]>;
  roomEvents?: Partial<Store["roomEvents"]>;
  unclaimedTasks?: Partial<Store["unclaimedTasks"]>;
  deadLetters?: Partial<Store["deadLetters"]>;
}

export function withStore(services: Services, replaced: Replaced): Services {
  const { store } = services;
  return {
    ...services,
    store: {
      ...store,
      ingests: { ...store.ingests, ...replaced.ingests },
      scheduled: { ...store.scheduled, ...replaced.scheduled },
      programmes: { ...store.programmes, ...replaced.programmes },
      slots: { ...store.slots, ...replaced.slots },
      signatures: { ...store.signatures, ...replaced.signatures },
      roomEvents: { ...store.roomEvents, ...replaced.roomEvents },
      unclaimedTasks: { ...store.unclaimedTasks, ...replaced.unclaimedTasks },
      deadLetters: { ...store.deadLetters, ...replaced.deadLetters },
    },
  };
}

/** Answers a call to TRTC, or lets it through. */
export function withCalls(
  services: Services,
  answer: (action: string, through: () => Promise<object>) => Promise<object>,
): Services {
  const { trtc } = services;
  const call: Services["trtc"]["call"] = (action, request) =>
    answer(action, () => trtc.call(action, request));
  return { ...services, trtc: { ...trtc, call } };
}

/** Longer than any run. */
export const NEVER_MS = 10 ** 10;
