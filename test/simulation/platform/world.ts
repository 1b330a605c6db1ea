/** The parts of one seed's run, which are created once and passed down. */
import type { Config } from "../../../shared/config/configuration.js";
import type { Facts } from "../checks/facts.js";
import type { FaultPlan } from "../faults.js";
import type { History } from "../history.js";
import type { Machine } from "./machines.js";
import type { Random } from "../random.js";
import type { Timeline } from "./timeline.js";
import type { TrtcSide } from "./trtc-side.js";

export interface World {
  config: Config;
  timeline: Timeline;
  /** Random numbers that are drawn during the run: delays, faults, machines. */
  random: Random;
  faults: FaultPlan;
  history: History;
  machines: readonly Machine[];
  trtc: TrtcSide;
  facts: Facts;
  isDatabaseDown: () => boolean;
  /** Checks the rows that the statement changed. */
  afterStatement: (name: string, rows: unknown) => void | Promise<void>;
}
