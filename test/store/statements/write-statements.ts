/** `npm run sql`: writes every statement of the store to shared/store/statements.sql. */
import { writeFileSync } from "node:fs";
import { STATEMENTS_FILE, statementsText } from "./statements-file.js";

writeFileSync(STATEMENTS_FILE, await statementsText());
