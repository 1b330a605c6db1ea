/** What the platforms say about one run of a function: SCF in snake case, AWS in camel case. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";

export interface PlatformContext {
  request_id?: string;
  awsRequestId?: string;
  getRemainingTimeInMillis?: () => number;
}

export interface Invocation {
  /** The platform's own, so that its log and ours agree. */
  requestId: string;
  timeLeftMs: () => number;
}

/** For a platform that does not say: shorter than any door's time limit in serverless.yml. */
const TIME_LIMIT_MS = 20_000;

export function invocationOf(context: PlatformContext | undefined, clock: Clock): Invocation {
  const startedMs = clock.elapsedMs();
  const remaining = context?.getRemainingTimeInMillis;
  return {
    requestId: context?.request_id ?? context?.awsRequestId ?? randomUUID(),
    timeLeftMs: () =>
      remaining ? remaining.call(context) : TIME_LIMIT_MS - (clock.elapsedMs() - startedMs),
  };
}
