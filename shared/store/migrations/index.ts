/** In their order; a number is never given twice, and a migration that ran is never edited. */
import { ingests } from "./0001-ingests.js";

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

export const MIGRATIONS: readonly Migration[] = [{ version: 1, name: "ingests", sql: ingests }];
