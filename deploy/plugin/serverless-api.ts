/** The parts of the CLI that our plugins use. */
import type { Service } from "../../server/declared/service-file.js";

export interface Serverless {
  service: Service;
  cli: { log: (line: string) => void };
  processedInput: { commands: string[] };
  serviceDir: string;
}
