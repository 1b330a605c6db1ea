/** What an action may touch, and for whom it acts. */
import type { AdjustableClock } from "../adjustable-clock.js";
import type { Announcer } from "../events/announcer.js";
import type { OpenSource } from "../open-source.js";
import type { Application } from "../parties.js";
import type { Switches } from "../switches.js";
import type { Tasks } from "../tasks.js";

export interface ActionContext {
  clock: AdjustableClock;
  tasks: Tasks;
  openSource: OpenSource;
  announcer: Announcer;
  switches: Switches;
  application: Application;
  /** The SecretId that signed the call. */
  account: string;
  region: string;
}
