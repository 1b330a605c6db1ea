/** `admin list` and `admin cost`: rows of all callers, page by page, so that memory holds few of them. */
import type { Json } from "../../shared/json.js";
import { present } from "../../shared/ingest/present.js";
import { troubleOf } from "../../shared/operator/trouble.js";
import { listForOperator } from "../../shared/store/operator.js";
import { type CostDocument, costSheet } from "../../local/terminal/costs.js";
import type { AdminFlags } from "./command-line.js";
import type { AdminDesk } from "./outcome.js";

const PAGE_ROWS = 1000;

/** The newest ones, and whether there are more than `--limit` says. */
export async function listRows(
  desk: AdminDesk,
  flags: AdminFlags,
): Promise<{ rows: Json[]; isCut: boolean }> {
  const rows: Json[] = [];
  for await (const row of selectedRows(desk, flags)) {
    if (rows.length === flags.limit) return { rows, isCut: true };
    rows.push(row);
  }
  return { rows, isCut: false };
}

/** The sums of all. `--limit` bounds the rows only. */
export async function costOfRows(desk: AdminDesk, flags: AdminFlags): Promise<CostDocument> {
  const sheet = costSheet(flags.limit);
  for await (const row of selectedRows(desk, flags)) sheet.add(row);
  return sheet.document();
}

/** Newest first. */
async function* selectedRows(
  { query, services }: AdminDesk,
  { room, caller, state, isTrouble }: AdminFlags,
): AsyncGenerator<Json> {
  const now = services.clock.now();
  let before: string | undefined;
  for (;;) {
    const page = await listForOperator(query, {
      roomId: room,
      callerId: caller,
      isEnded: state === "ended",
      troubledAt: isTrouble ? now : undefined,
      before,
      limit: PAGE_ROWS,
    });
    for (const ingest of page) {
      const row = { ...present(ingest, now), Trouble: troubleOf(ingest, now) };
      // The states of live ingests are seen in the row.
      if (state === undefined || row.State === state) yield row;
    }
    if (page.length < PAGE_ROWS) return;
    before = page.at(-1)?.taskId;
  }
}
