/** A command in the list of commands. */
import type { CommandModule } from "../local/terminal/command.js";

export interface Entry {
  /** One word or two: `stop`, `schedules list`. */
  name: string;
  /** For the list of commands. */
  summary: string;
  load: () => Promise<CommandModule>;
}

export interface Group {
  title: string;
  entries: readonly Entry[];
}
