/** How long the holder of a claim may still work under it. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Services } from "../services.js";

/** A claim that has lapsed is another's: its work is over before that, as before its time is up. */
export const heldMs =
  (
    { clock }: Pick<Services, "clock">,
    { leaseUntil }: Pick<Ingest, "leaseUntil">,
    timeLeftMs: () => number,
  ): (() => number) =>
  () =>
    Math.min(timeLeftMs(), (leaseUntil?.getTime() ?? 0) - clock.now().getTime());
