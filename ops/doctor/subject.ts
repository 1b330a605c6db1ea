/**
 * The subject of the checks: an environment with its faults, and the URLs of deployed functions.
 */
import type { Clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { type Judgement, judgeConfig } from "../../shared/config/configuration.js";

export interface Subject extends Judgement {
  env: Environment;
  /** A run on this machine, where published keys, plain HTTP and loopback are right. */
  isLocal: boolean;
  /** The run on this machine, if one was found. */
  run?: LocalRun | undefined;
  /** Function URLs of the `api` function. */
  urls: readonly string[];
  callbackUrl: string | undefined;
  clock: Clock;
}

export interface LocalRun {
  pid: number;
  url: string;
  trtcUrl: string;
  /** How far its clock is ahead of the machine's. */
  aheadMs: number;
}

export const subjectOf = (options: Omit<Subject, keyof Judgement>): Subject => ({
  ...options,
  ...judgeConfig(options.env),
});

/** A host that hangs must not delay the report longer than this. */
export const PATIENCE_MS = 5000;
