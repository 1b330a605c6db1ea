/**
 * The migrations in their order. A number is used once, and a migration that ran is never edited.
 * CODE_VERSION is the number of the newest migration.
 *
 * The database is migrated before the functions are deployed, and a rollback of the functions does
 * not change the database. So the previous code has to work after every migration. A test checks
 * this: a migration may only add things that the previous code does not see. Removing something
 * takes three releases. The first adds its successor (expand), the second stops using it, and the
 * third removes it (contract).
 */
import { ingests } from "./migrations/0001-ingests.js";
import { settling } from "./migrations/0002-settling.js";
import { notifications } from "./migrations/0003-notifications.js";
import { deadLetters } from "./migrations/0004-dead-letters.js";
import { roomEvents } from "./migrations/0005-room-events.js";
import { sourceFailures } from "./migrations/0006-source-failures.js";
import { updateOrder } from "./migrations/0007-update-order.js";
import { endsExplained } from "./migrations/0008-ends-explained.js";
import { fairShares } from "./migrations/0009-fair-shares.js";
import { endCauses } from "./migrations/0010-end-causes.js";
import { claimsByCaller } from "./migrations/0011-claims-by-caller.js";
import { listFilters } from "./migrations/0012-list-filters.js";
import { sourceMedia } from "./migrations/0013-source-media.js";
import { scheduledStarts } from "./migrations/0014-scheduled-starts.js";
import { programmes } from "./migrations/0015-programmes.js";
import { schedules } from "./migrations/0016-schedules.js";
import { history } from "./migrations/0017-history.js";
import { timerRuns } from "./migrations/0018-timer-runs.js";
import { retention } from "./migrations/0019-retention.js";
import { prices } from "./migrations/0020-prices.js";
import { metricCounts } from "./migrations/0021-metric-counts.js";
import { timerGaps } from "./migrations/0022-timer-gaps.js";
import { trtcAnswers } from "./migrations/0023-trtc-answers.js";
import { spending } from "./migrations/0024-spending.js";
import { spendCounts } from "./migrations/0025-spend-counts.js";
import { budgetStandings } from "./migrations/0026-budget-standings.js";
import { trtcCalls } from "./migrations/0027-trtc-calls.js";
import { givenUpCounts } from "./migrations/0028-given-up-counts.js";
import { oldRows } from "./migrations/0029-old-rows.js";
import { vacuum } from "./migrations/0030-vacuum.js";

export interface Migration {
  version: number;
  name: string;
  /** Statements. Each ends with `;` at the end of a line. Another `;` stands between two `$$`. */
  sql: string;
  /**
   * The oldest code that works on a database with this migration. The database stores it, because
   * code does not know migrations that are newer than itself.
   */
  worksWith: number;
  /** For a contract step: the version of the expand step that added the successor. */
  contracts?: number;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "ingests", sql: ingests, worksWith: 1 },
  { version: 2, name: "settling", sql: settling, worksWith: 1 },
  { version: 3, name: "notifications", sql: notifications, worksWith: 1 },
  { version: 4, name: "dead_letters", sql: deadLetters, worksWith: 1 },
  { version: 5, name: "room_events", sql: roomEvents, worksWith: 1 },
  { version: 6, name: "source_failures", sql: sourceFailures, worksWith: 1 },
  { version: 7, name: "update_order", sql: updateOrder, worksWith: 1 },
  { version: 8, name: "ends_explained", sql: endsExplained, worksWith: 1 },
  { version: 9, name: "fair_shares", sql: fairShares, worksWith: 1 },
  { version: 10, name: "end_causes", sql: endCauses, worksWith: 1 },
  { version: 11, name: "claims_by_caller", sql: claimsByCaller, worksWith: 1 },
  { version: 12, name: "list_filters", sql: listFilters, worksWith: 1 },
  { version: 13, name: "source_media", sql: sourceMedia, worksWith: 1 },
  { version: 14, name: "scheduled_starts", sql: scheduledStarts, worksWith: 1 },
  { version: 15, name: "programmes", sql: programmes, worksWith: 14 },
  { version: 16, name: "schedules", sql: schedules, worksWith: 14 },
  { version: 17, name: "history", sql: history, worksWith: 14 },
  { version: 18, name: "timer_runs", sql: timerRuns, worksWith: 14 },
  { version: 19, name: "retention", sql: retention, worksWith: 14 },
  { version: 20, name: "prices", sql: prices, worksWith: 14 },
  { version: 21, name: "metric_counts", sql: metricCounts, worksWith: 14 },
  { version: 22, name: "timer_gaps", sql: timerGaps, worksWith: 14 },
  { version: 23, name: "trtc_answers", sql: trtcAnswers, worksWith: 14 },
  { version: 24, name: "spending", sql: spending, worksWith: 14 },
  { version: 25, name: "spend_counts", sql: spendCounts, worksWith: 14 },
  { version: 26, name: "budget_standings", sql: budgetStandings, worksWith: 14 },
  { version: 27, name: "trtc_calls", sql: trtcCalls, worksWith: 14 },
  { version: 28, name: "given_up_counts", sql: givenUpCounts, worksWith: 14 },
  { version: 29, name: "old_rows", sql: oldRows, worksWith: 14 },
  { version: 30, name: "vacuum", sql: vacuum, worksWith: 14 },
];
