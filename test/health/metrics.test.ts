/** What a scraper reads of a deployment, over HTTP. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { exposition } from "../../shared/health/metrics/exposition.js";
import { counter, gauge, info } from "../../shared/health/metrics/family.js";
import { TIMED_FUNCTIONS } from "../../shared/health/timers.js";
import { END_REASONS } from "../../shared/contract/schemas.js";
import { type TestApp, KEY, startTestApp } from "../support/app/test-app.js";
import { readOpenMetrics, type ReadFamily } from "./open-metrics.js";
import { describeWith } from "../support/needed.js";
import { PROMTOOL } from "../support/programs.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const scrape = (accept?: string) =>
  fetch(`${app.url}/metrics`, {
    headers: { authorization: `Bearer ${KEY}`, ...(accept === undefined ? {} : { accept }) },
  });
const read = async (): Promise<Map<string, ReadFamily>> =>
  readOpenMetrics(await (await scrape()).text());
const valueOf = (
  families: ReadonlyMap<string, ReadFamily>,
  family: string,
  labels: Record<string, string> = {},
) =>
  families
    .get(`trtc_ingest_${family}`)
    ?.samples.find((sample) => Object.entries(labels).every(([k, v]) => sample.labels[k] === v))
    ?.value;

test("metrics follow the life of an ingest", async () => {
  const before = await read();
  expect(valueOf(before, "running")).toBe(0);
  expect(valueOf(before, "starts", { outcome: "started" })).toBe(0);
  const body = { SdkAppId: 1400000000, RoomId: "1", RoomIdType: 0, StreamUrl: app.clip };
  const { response } = await app.post("start-ingest", { ...body, RepeatNum: -1 });
  const during = await read();
  expect(valueOf(during, "running")).toBe(1);
  expect(valueOf(during, "starts", { outcome: "started" })).toBe(1);
  expect(valueOf(during, "slots_used", { action: "StartStreamIngest" })).toBeGreaterThan(0);
  await app.post("stop-ingest", { SdkAppId: body.SdkAppId, TaskId: response["TaskId"] });
  const after = await read();
  expect(valueOf(after, "running")).toBe(0);
  expect(valueOf(after, "ends", { reason: "stopped" })).toBe(1);
  expect(after.get("trtc_ingest_stop_lateness_seconds")?.samples.at(-2)).toMatchObject({
    name: "trtc_ingest_stop_lateness_seconds_count",
    value: 1,
  });
});

test("every known label is there before its first event", async () => {
  const labels = (family: string, label: string, families: ReadonlyMap<string, ReadFamily>) =>
    families.get(`trtc_ingest_${family}`)?.samples.map((sample) => sample.labels[label]);
  const families = await read();
  expect(labels("ends", "reason", families)?.toSorted()).toEqual([...END_REASONS].sort());
  expect(labels("starts", "outcome", families)).toEqual([
    "started",
    "failed",
    "missed",
    "cancelled",
  ]);
  expect(labels("source_switches", "source", families)).toEqual(["primary", "backup", "filler"]);
  expect(labels("timer_age_seconds", "function", families)).toEqual([...TIMED_FUNCTIONS]);
});

test("every metric of the contract with dashboards is exported", async () => {
  expect([...(await read()).keys()].map((name) => name.replace("trtc_ingest_", ""))).toEqual([
    "running",
    "scheduled",
    "starting",
    "starts",
    "start_failures",
    "ends",
    "stop_lateness_seconds",
    "schedule_missed",
    "restarts",
    "source_switches",
    "overdue_stops",
    "overdue_stop_age_seconds",
    "overdue_starts",
    "overdue_steps",
    "overdue_plans",
    "unfinished_starts",
    "unclaimed_tasks",
    "timer_age_seconds",
    "timer_interval_seconds",
    "timer_failures",
    "outbox_waiting",
    "outbox_age_seconds",
    "outbox_late_seconds",
    "receiver_failing_seconds",
    "notifications_given_up",
    "dead_letters",
    "dead_letter_age_seconds",
    "slots_used",
    "slot_wait_seconds",
    "minutes",
    "spend_usd",
    "budget_limit_usd",
    "budget_remaining_usd",
    "budget_limit_minutes",
    "budget_remaining_minutes",
    "trtc_answer_age_seconds",
    "trtc_failing",
    "build",
    "database_connections",
    "database_connections_max",
    "table_size_bytes",
    "database_up",
  ]);
});

describe("the format", () => {
  const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  const PLAIN = "text/plain; version=0.0.4; charset=utf-8";
  const PROMETHEUS =
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

  test.each([
    [undefined, OPEN_METRICS],
    ["*/*", OPEN_METRICS],
    ["text/html,*/*;q=0.8", OPEN_METRICS],
    [PROMETHEUS, OPEN_METRICS],
    ["application/openmetrics-text", OPEN_METRICS],
    ["text/plain", PLAIN],
    ["Text/Plain;version=0.0.4", PLAIN],
    ["text/plain;q=0.5,application/openmetrics-text;q=0.2", PLAIN],
    ["text/plain;q=0", OPEN_METRICS],
    ["text/plain;q=x", OPEN_METRICS],
  ])("for %s is %s", async (accept, type) => {
    const { status, headers } = await scrape(accept);
    expect([status, headers.get("content-type")]).toEqual([200, type]);
  });

  const odd = [
    gauge({ name: "odd", help: "A back\\slash." }, [
      { labels: { caller: 'a "name"\\\nof two lines' }, value: 1 },
      { labels: { caller: "unknown" }, value: Number.NaN },
      { labels: { caller: "endless" }, value: Number.POSITIVE_INFINITY },
    ]),
    counter({ name: "things", help: "Things." }, 1e21),
    info({ name: "build", help: "A build." }, { node: "v24" }),
  ];

  test("escapes labels and help texts, and leaves out what is no number", () => {
    const { text } = exposition(odd);
    const families = readOpenMetrics(text);
    expect(families.get("trtc_ingest_odd")).toMatchObject({
      help: "A back\\\\slash.",
      samples: [{ labels: { caller: 'a "name"\\\nof two lines' }, value: 1 }],
    });
    expect(text).not.toContain("NaN");
    expect(text).toContain("trtc_ingest_things_total 1e+21\n");
    expect(text).toContain("# TYPE trtc_ingest_build info\n");
  });

  test("of Prometheus has no info and no unit, and counters by their full names", () => {
    const { text } = exposition(odd, "text/plain");
    expect(text).toContain("# TYPE trtc_ingest_things_total counter\n");
    expect(text).toContain(
      '# TYPE trtc_ingest_build_info gauge\ntrtc_ingest_build_info{node="v24"} 1\n',
    );
    expect(text).not.toMatch(/# (UNIT|EOF)/);
  });

  test.each([
    ["no end", "# TYPE a gauge\n# HELP a b\na 1\n"],
    ["a family twice", "# TYPE a gauge\n# HELP a b\n# TYPE a gauge\n# HELP a b\n# EOF\n"],
    ["a counter without its suffix", "# TYPE a counter\n# HELP a b\na 1\n# EOF\n"],
    ["a wrong unit", "# TYPE a_seconds gauge\n# UNIT a_seconds bytes\n# HELP a_seconds b\n# EOF\n"],
    ["no number", "# TYPE a gauge\n# HELP a b\na NaN\n# EOF\n"],
    ["a series twice", "# TYPE a gauge\n# HELP a b\na 1\na 2\n# EOF\n"],
    ["an open label", '# TYPE a gauge\n# HELP a b\na{b="c} 1\n# EOF\n'],
  ])("with %s is found by the parser of this test", (_, text) => {
    expect(() => readOpenMetrics(text)).toThrow();
  });
});

test("help texts are sentences without quotes", async () => {
  for (const { help } of (await read()).values()) expect(help).toMatch(/^[^"\\]+\.$/);
});

test("while the database is away a scrape fails", async () => {
  const gone = await startTestApp();
  try {
    await gone.database.close();
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await fetch(`${gone.url}/metrics`, { headers })).status).toBe(503);
  } finally {
    await gone.close().catch(() => undefined);
  }
});

describeWith(
  {
    isThere: PROMTOOL !== undefined,
    program: "Prometheus's promtool (`apt-get install prometheus`)",
  },
  "promtool",
  () => {
    /** TRTC bills minutes, so that is what an operator compares. */
    const MINUTES = 'trtc_ingest_minutes_total use base unit "seconds" instead of "minutes"';

    test("finds no fault in the metrics, besides the minutes", async () => {
      const input = await (await scrape("text/plain")).text();
      const options = { input, encoding: "utf8" } as const;
      const { output } = spawnSync(PROMTOOL ?? "", ["check", "metrics"], options);
      expect(output.join("").trim()).toBe(MINUTES);
    });
  },
);
