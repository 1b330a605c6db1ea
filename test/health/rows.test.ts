/** The rows of health that need no database: sizes of tables, and how TRTC answers. */
import { describe, expect, test } from "@jest/globals";
import { budgetRows } from "../../shared/health/budgets.js";
import { clockSkew, tableSizes } from "../../shared/health/database.js";
import { isTrtcFailing } from "../../shared/health/trtc.js";
import type { DatabaseHealth } from "../../shared/store/health/database.js";
import { BEHIND_MAX_MS } from "../../shared/store/ingests/due.js";

test("the largest tables are named with their sizes, and all of them are summed up", () => {
  const tables = [
    { table: "ingest", bytes: 2_345_000_000, rows: 1_000_000 },
    { table: "ingest_event", bytes: 1_000_000_000, rows: 2_000_000 },
    { table: "outbox", bytes: 40_960, rows: 0 },
    { table: "schedule", bytes: 8192, rows: 0 },
  ];
  expect(tableSizes({ tables } as DatabaseHealth)).toEqual({
    check: "database: tables",
    verdict: "pass",
    found:
      "3.3 GB: ingest 2.3 GB with about 1000000 rows, ingest_event 1.0 GB with about 2000000 rows, outbox 0.0 MB with about 0 rows",
  });
});

test("a clock may be as far off as the claims of due ends allow", () => {
  for (const skewMs of [BEHIND_MAX_MS, -BEHIND_MAX_MS]) {
    expect(clockSkew(skewMs)).toMatchObject({ verdict: "pass" });
  }
  expect(clockSkew(-BEHIND_MAX_MS - 1)).toMatchObject({
    verdict: "warn",
    found: "2.0 s behind this machine's",
  });
});

describe("TRTC fails", () => {
  test.each([
    "AuthFailure.SecretIdNotFound",
    "UnauthorizedOperation",
    "RequestLimitExceeded",
    "InternalError",
    "ServiceUnavailable",
  ])("with %s", (code) => {
    expect(isTrtcFailing({ code, agoMs: 0 })).toBe(true);
    expect(isTrtcFailing({ code, agoMs: 300_001 })).toBe(false);
  });

  test.each([null, "InvalidParameter.RoomId", "FailedOperation.TaskNotExist", "InternalErrors"])(
    "not with %s",
    (code) => {
      expect(isTrtcFailing({ code, agoMs: 0 })).toBe(false);
    },
  );
});

describe("budgets", () => {
  const school = (spent: number) =>
    ({ owner: { callerId: "school" }, budget: "DailyUsd", most: 10_000_000, spent }) as const;
  const application = (minutes: number) => {
    const owner = { sdkAppId: 1400000000 };
    const [most, spent] = [600, minutes].map((value) => value * 60_000) as [number, number];
    return { owner, budget: "DailyMinutes", most, spent } as const;
  };

  test("are no row where there is none, or only one that locks", () => {
    expect(budgetRows([])).toEqual([]);
    expect(budgetRows([{ ...school(0), most: 0 }])).toEqual([]);
  });

  test("pass below 80 %, with the one that is spent furthest", () => {
    expect(budgetRows([school(7_999_000), application(60)])).toEqual([
      {
        check: "budgets",
        verdict: "pass",
        found:
          "2 budgets, and the one that is spent furthest: DailyUsd of the caller school is spent to 79 %: 7.999 USD of 10.00 USD",
      },
    ]);
  });

  test("warn from 80 % on, each in a row of its own, and more than the budget too", () => {
    const rows = budgetRows([application(660), school(8_000_000)]);

    expect(rows.map(({ verdict, found }) => [verdict, found])).toEqual([
      [
        "warn",
        "DailyMinutes of the application 1400000000 is spent to 110 %: 660 minutes of 600 minutes",
      ],
      ["warn", "DailyUsd of the caller school is spent to 80 %: 8.00 USD of 10.00 USD"],
    ]);
  });
});
