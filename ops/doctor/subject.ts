/** What is examined: an environment, judged, and where the deployed functions are. */
import type { Clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { type Judgement, judgeConfig } from "../../shared/config/configuration.js";

export interface Subject extends Judgement {
  env: Environment;
  /** A run on this machine: what is published, plain or on loopback is as it should be. */
  isLocal: boolean;
  /** The one that runs here, if one was found. */
  run?: LocalRun | undefined;
  /** Function URLs of the `api` door. */
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

/** A hung host may not hold the whole up. */
export const PATIENCE_MS = 5000;
