/** Splits a fault into its effects: before the call acts, whether it acts, and on its answer. */
import type { CallFault } from "./fault.js";

/** What the caller gets: the answer, a cut connection, or an answer as a proxy gives it. */
export type Wire = "answer" | "close" | "reset" | "bad-gateway" | "garbage" | "hang";

export interface Effect {
  acts: boolean;
  /** The code of the answer to any request. */
  code?: string;
  wire: Wire;
  beforeMs: number;
  afterMs: number;
}

const NONE: Effect = { acts: true, wire: "answer", beforeMs: 0, afterMs: 0 };

export function effectOf(fault: CallFault | undefined): Effect {
  switch (fault?.kind) {
    case undefined:
      return NONE;
    case "error":
      return { ...NONE, acts: fault.acts ?? false, code: fault.code };
    case "throttle":
      return { ...NONE, acts: false, code: "RequestLimitExceeded" };
    case "delay":
      return { ...NONE, [fault.when === "after" ? "afterMs" : "beforeMs"]: fault.ms };
    case "lose-request":
      return { ...NONE, acts: false, wire: "close" };
    case "lose-answer":
      return { ...NONE, wire: "close" };
    case "reset":
      return { ...NONE, wire: "reset" };
    case "http-502":
      return { ...NONE, acts: fault.acts ?? false, wire: "bad-gateway" };
    case "garbage":
    case "hang":
      return { ...NONE, acts: fault.acts ?? false, wire: fault.kind };
  }
}
