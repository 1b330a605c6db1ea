/**
 * Counts of invocations, pushed to a real collector over HTTP. They arrive before the answer, because
 * the platform freezes the instance then. A bad collector delays an answer a little, and fails none.
 */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readConfig } from "../../shared/config/configuration.js";
import { systemClock } from "../../shared/clock.js";
import type { LogFields } from "../../shared/log.js";
import { BOUNDS_SECONDS } from "../../shared/runtime/telemetry/otlp-document.js";
import { type Meter, openMeter } from "../../shared/runtime/telemetry/meter.js";
import { type TestApp, type TestAppOptions, startTestApp } from "../support/app/test-app.js";
import { drip, readAll, startLoopbackServer } from "../support/http/loopback-server.js";

interface Push {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  /** By their names: the only data point of each. */
  points: Record<string, Point>;
  temporalities: (number | undefined)[];
  resource: Record<string, string>;
}

interface Point {
  attributes: Attribute[];
  asInt?: string;
  count?: string;
  sum?: number;
  bucketCounts?: string[];
  explicitBounds?: number[];
  startTimeUnixNano: string;
  timeUnixNano: string;
}

interface Attribute {
  key: string;
  value: { stringValue: string };
}

interface Metric {
  name: string;
  sum?: { aggregationTemporality: number; isMonotonic: boolean; dataPoints: Point[] };
  histogram?: { aggregationTemporality: number; dataPoints: Point[] };
}

type Manner = (response: ServerResponse) => unknown;

const OK: Manner = (response) => response.end("{}");
const HANGING: Manner = () => undefined;

let pushes: Push[];
let manner: Manner;
let url: string;
let close: () => Promise<void>;

const textsOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

function pushOf(path: string | undefined, headers: IncomingHttpHeaders, body: string): Push {
  const { resourceMetrics } = JSON.parse(body) as {
    resourceMetrics: {
      resource: { attributes: Attribute[] };
      scopeMetrics: { metrics: Metric[] }[];
    }[];
  };
  const [{ resource, scopeMetrics } = { resource: { attributes: [] }, scopeMetrics: [] }] =
    resourceMetrics;
  const metrics = scopeMetrics[0]?.metrics ?? [];
  const points = metrics.map(({ name, sum, histogram }) => [
    name,
    (sum ?? histogram)?.dataPoints[0] as Point,
  ]);
  return {
    path,
    headers,
    points: Object.fromEntries(points) as Push["points"],
    temporalities: metrics.map(({ sum, histogram }) => (sum ?? histogram)?.aggregationTemporality),
    resource: textsOf(resource.attributes),
  };
}

beforeEach(async () => {
  pushes = [];
  manner = OK;
  const server = await startLoopbackServer((request, response) => {
    void readAll(request).then((body) => {
      pushes.push(pushOf(request.url, request.headers, body.toString()));
      manner(response);
    });
  });
  url = `http://127.0.0.1:${server.port}`;
  close = () => server.close();
});
afterEach(() => close());

const untilPushes = async (count: number) => {
  for (let turns = 0; pushes.length < count && turns < 200; turns += 1) await systemClock.sleep(10);
  expect(pushes).toHaveLength(count);
};

describe("a meter", () => {
  let ms: number;
  let meter: Meter;
  let lines: LogFields[];
  const log = (line: LogFields) => void lines.push(line);
  const clock = { now: () => new Date(1_700_000_000_000 + ms), elapsedMs: () => ms };
  beforeEach(() => {
    ms = 0;
    lines = [];
    const otlpHeaders = "X-Key=a-secret-key,x-more=e%20f=";
    const about = { functionName: "start-ingest", actor: "caller" as const };
    meter = openMeter({ otlpEndpoint: `${url}/base/`, otlpHeaders }, { ...about, clock });
  });

  test("pushes counts and durations under OpenTelemetry's names", async () => {
    const durations = [5, 30, 9000, 60_000];
    for (const durationMs of durations) meter.record({ durationMs, isError: durationMs > 50_000 });
    ms = 20_000;
    await meter.push(log);
    const [{ path, headers, points, temporalities, resource } = {} as Push] = pushes;
    expect(path).toBe("/base/v1/metrics");
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "x-key": "a-secret-key",
      "x-more": "e f=",
    });
    expect(resource).toMatchObject({
      "service.name": "trtc-stream-ingest",
      "faas.name": "start-ingest",
      "faas.instance": expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(Object.keys(points).sort()).toEqual([
      "faas.coldstarts",
      "faas.errors",
      "faas.invocations",
      "faas.invoke_duration",
    ]);
    // Cumulative, so that the next push repairs a lost one.
    expect(temporalities).toEqual([2, 2, 2, 2]);
    expect(points["faas.coldstarts"]).toMatchObject({ asInt: "1" });
    expect(points["faas.invocations"]).toMatchObject({ asInt: "4" });
    expect(points["faas.errors"]).toMatchObject({ asInt: "1" });
    const duration = points["faas.invoke_duration"] as Point;
    expect(textsOf(duration.attributes)).toEqual({ "faas.trigger": "http" });
    expect(duration).toMatchObject({
      count: "4",
      sum: 69.035,
      explicitBounds: [...BOUNDS_SECONDS],
      startTimeUnixNano: "1700000000000000000",
      timeUnixNano: "1700000020000000000",
    });
    expect(duration.bucketCounts?.join("")).toBe("100100000000011");
  });

  test("pushes at most every 10 seconds, and the counts go on", async () => {
    await meter.push(log);
    meter.record({ durationMs: 1, isError: false });
    ms = 9999;
    await meter.push(log);
    expect(pushes).toHaveLength(1);
    ms = 10_000;
    await meter.push(log);
    expect(pushes.map(({ points }) => points["faas.invocations"]?.asInt)).toEqual(["0", "1"]);
  });

  test("logs a failing collector once, until it works again, and no secret", async () => {
    const again = async (answer: Manner) => {
      manner = answer;
      ms += 10_000;
      await meter.push(log);
    };
    const refuse: Manner = (response) => response.writeHead(503).end();
    for (const answer of [refuse, refuse, OK, OK, refuse]) await again(answer);
    expect(lines.map(({ level, detail }) => [level, detail])).toEqual([
      ["warn", "the collector of OTEL_EXPORTER_OTLP_ENDPOINT takes no metrics: HTTP 503"],
      ["warn", "the collector of OTEL_EXPORTER_OTLP_ENDPOINT takes no metrics: HTTP 503"],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/127\.0\.0\.1|a-secret-key/);
  });

  test("logs a collector that never answers once it has had its time", async () => {
    manner = HANGING;
    await meter.push(log);
    expect(lines).toEqual([]);
    for (let turns = 0; lines.length === 0 && turns < 100; turns += 1) await systemClock.sleep(50);
    expect(lines[0]?.detail).toMatch(/takes no metrics: no answer in 3 s$/);
  });

  test.each<[string, Manner, number]>([
    ["never answers", HANGING, 1000],
    ["cuts the connection", (response) => response.destroy(), 1000],
    ["answers without an end", (response) => drip(response.writeHead(200), 10_000), 1000],
  ])("has its time for a collector that %s", async (_, answer, limitMs) => {
    manner = answer;
    const startedMs = systemClock.elapsedMs();
    await meter.push(log);
    expect(systemClock.elapsedMs() - startedMs).toBeLessThan(limitMs);
  });
});

describe("a function", () => {
  let app: TestApp;
  const start = async (env: NonNullable<TestAppOptions["env"]>) => {
    app = await startTestApp({ env });
  };
  afterEach(() => app.close());
  const list = () => app.post("list-ingests", {});

  test("tells the collector of its cold start, with its trigger", async () => {
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer%20a-key,X-Scope=a",
    });
    expect((await list()).status).toBe(200);
    await untilPushes(1);
    const context = { getRemainingTimeInMillis: () => 3000 };
    await app.functionNamed("plan-schedules").handler({ Type: "Timer" }, context);
    await untilPushes(2);
    const [http, timer] = pushes;
    expect(http?.headers).toMatchObject({ authorization: "Bearer a-key", "x-scope": "a" });
    expect(http?.resource["faas.name"]).toBe("list-ingests");
    expect(textsOf(http?.points["faas.coldstarts"]?.attributes ?? [])).toEqual({
      "faas.trigger": "http",
    });
    expect(timer?.resource["faas.name"]).toBe("plan-schedules");
    expect(textsOf(timer?.points["faas.errors"]?.attributes ?? [])).toEqual({
      "faas.trigger": "timer",
    });
  });

  /** Runs the function itself. Returns how long it took, and how many pushes the collector had then. */
  const run = async () => {
    const { handler } = app.functionNamed("health");
    const startedMs = systemClock.elapsedMs();
    const event = { httpMethod: "GET", path: "/live", headers: {} };
    const context = { getRemainingTimeInMillis: () => 3000 };
    expect(await handler(event, context)).toMatchObject({ statusCode: 200 });
    return { ms: systemClock.elapsedMs() - startedMs, pushed: pushes.length };
  };
  /** As a collector that is not near. */
  const SLOW: Manner = (response) => setTimeout(() => response.end("{}"), 100);

  test("has pushed before it answers, and its instance is frozen", async () => {
    manner = SLOW;
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const { ms, pushed } = await run();
    expect(pushed).toBe(1);
    expect(ms).toBeGreaterThanOrEqual(99);
  });

  test("waits for its own push only, and the next push is not due yet", async () => {
    manner = HANGING;
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const first = await run();
    expect(first.ms).toBeGreaterThanOrEqual(249);
    expect(first.ms).toBeLessThan(2500);
    const second = await run();
    expect(second.ms).toBeLessThan(240);
    expect(second.pushed).toBe(1);
  });

  test("waits for its push when it fails as well", async () => {
    manner = SLOW;
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    await app.database.query("alter table outbox rename to outbox_away");
    const { handler } = app.functionNamed("deliver-notifications");
    const context = { getRemainingTimeInMillis: () => 30_000 };
    await expect(handler({ Type: "Timer" }, context)).rejects.toThrow();
    expect(pushes).toHaveLength(1);
  });

  test("answers without a collector at its address, and says so", async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
    expect((await list()).status).toBe(200);
    await systemClock.sleep(50);
    const said = app.logLines.filter((line) => line.includes("OTEL_EXPORTER_OTLP_ENDPOINT"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("it cannot be reached");
  });

  test("pushes nothing where no collector is named", async () => {
    await start({});
    expect((await list()).status).toBe(200);
    await systemClock.sleep(50);
    // A push without an address would fail, and say so.
    expect(app.logLines.join()).not.toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
    expect(app.logLines.length).toBeGreaterThan(0);
  });
});

describe("OTEL_EXPORTER_OTLP_HEADERS", () => {
  const read = (text: string) => () =>
    readConfig({ OTEL_EXPORTER_OTLP_HEADERS: text }, new Set(["OTEL_EXPORTER_OTLP_HEADERS"]))
      .otlpHeaders;

  test("are names with percent-encoded values", () => {
    expect(read("a=b,C-d=e%20f=")()).toBe("a=b,C-d=e%20f=");
    expect(read("")()).toBe("");
  });

  test.each([
    "a",
    "=b",
    "a=",
    "a;b=c",
    "a=b, c=d",
    "a=%0d%0ax",
    "a=%",
    "a=b,,c=d",
    "a=b,",
    "a=\u00e9",
    "a=%e9",
  ])("refuse %j", (text) => {
    expect(read(text)).toThrow("OTEL_EXPORTER_OTLP_HEADERS must be name=value,name=value");
  });
});
