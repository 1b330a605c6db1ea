/** What is wrong with an ingest. Operators get it from the API; a caller's list has its facts. */
import { MINUTE_MS, nowMs, SECOND_MS } from "../clock.js";
import type { Ingest } from "../service/types.js";
import { t } from "../words/words.js";

const LATE_MS = 15 * SECOND_MS;

/** Empty: nothing is known to be wrong. */
export function troubleOf(ingest: Ingest): string {
  const { Trouble } = ingest;
  if (Trouble !== undefined) return Trouble ?? "";
  return ingest.State === "ended" ? endTrouble(ingest) : liveTrouble(ingest);
}

function endTrouble({ EndReason, EndDetail }: Ingest): string {
  if (EndReason === "lost") return EndDetail ?? t("trouble.lost");
  return EndReason === "failed" ? (EndDetail ?? t("trouble.failed")) : "";
}

function liveTrouble(ingest: Ingest): string {
  const { MediaState, Source, Deadline, State, CreateTime, FailureCode } = ingest;
  if (MediaState === "failed") return t("trouble.source");
  if (MediaState === "retrying") return t("trouble.retrying");
  if (Source === "backup" || Source === "filler") return t(`trouble.${Source}`);
  if (Date.parse(Deadline) + LATE_MS < nowMs()) return t("trouble.late");
  const isOld = Date.parse(CreateTime) + MINUTE_MS < nowMs();
  if (State === "starting" && FailureCode !== null)
    return t("trouble.start", { code: FailureCode });
  return State === "starting" && isOld ? t("trouble.open") : "";
}
