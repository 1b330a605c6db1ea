/** Presents an ingest to an operator: as to its caller, with the caller and what is wrong. */
import { present } from "../ingest/present.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { troubleOf } from "./trouble.js";

export function presentForOperator(ingest: Ingest, now: Date) {
  const trouble = troubleOf(ingest, now).join("; ");
  return {
    ...present(ingest, now),
    CallerId: ingest.callerId,
    Trouble: trouble === "" ? null : trouble,
  };
}
