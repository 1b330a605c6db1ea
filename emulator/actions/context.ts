/** The parts of the emulator that an action may use, and the account that it acts for. */
import type { AdjustableClock } from "../admin/adjustable-clock.js";
import type { Announcer } from "../callbacks/announcer.js";
import type { OpenSource } from "../tasks/open-source.js";
import type { Application } from "../accounts.js";
import type { Switches } from "../admin/switches.js";
import type { PictureSizes } from "../tasks/picture-size.js";
import type { Tasks } from "../tasks/tasks.js";

export interface ActionContext {
  clock: AdjustableClock;
  tasks: Tasks;
  openSource: OpenSource;
  announcer: Announcer;
  pictureSizes: PictureSizes;
  switches: Switches;
  application: Application;
  /** The SecretId that signed the call. */
  account: string;
  region: string;
}
