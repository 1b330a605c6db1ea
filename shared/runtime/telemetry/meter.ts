/**
 * Counts the invocations of an instance, and pushes the counts to a collector. An instance is
 * frozen once it has answered. So a push starts with an invocation and travels beside its work, and
 * the answer waits a little for it (measured.ts). It has what came before: the counts grow, so the
 * next push repairs a lost one.
 */
import { randomUUID } from "node:crypto";
import { type Clock, SECOND_MS, systemClock } from "../../clock.js";
import type { Config } from "../../config/configuration.js";
import type { Log } from "../../log.js";
import { openRequest } from "../../network/open-request.js";
import type { Actor } from "../../store/history/actor.js";
import { BOUNDS_SECONDS, type Counted, otlpDocument } from "./otlp-document.js";

/** Where the collector is, and what its requests carry. */
export type Collector = Pick<Config, "otlpEndpoint" | "otlpHeaders">;

export interface MeterOptions {
  functionName: string;
  actor: Actor["kind"];
  clock?: Pick<Clock, "now" | "elapsedMs">;
}

/** OpenTelemetry's words for what calls a function. */
const TRIGGERS: Readonly<Record<Actor["kind"], "http" | "timer" | "pubsub">> = {
  caller: "http",
  callback: "http",
  operator: "http",
  event: "pubsub",
  timer: "timer",
};

export interface Meter {
  record: (invocation: { durationMs: number; isError: boolean }) => void;
  /** Settles when the collector has answered, or after a short time. It never rejects. */
  push: (log: Log) => Promise<void>;
}

/** Between two pushes of an instance. */
const PUSH_INTERVAL_MS = 10 * SECOND_MS;

/** The collector's time to answer, in an instance that has other work meanwhile. */
const PUSH_LIMIT_MS = 3 * SECOND_MS;

/** An answer of ours waits for a push until this long after its begin. */
const PUSH_WAIT_MS = 250;

export function openMeter(
  collector: Collector,
  { functionName, actor, clock = systemClock }: MeterOptions,
): Meter {
  const counted: Counted = {
    invocations: 0,
    errors: 0,
    seconds: 0,
    buckets: [...BOUNDS_SECONDS, Number.POSITIVE_INFINITY].map(() => 0),
  };
  const trigger = TRIGGERS[actor];
  const about = { functionName, trigger, instance: randomUUID(), since: clock.now() };
  let pushedMs = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  const send = async (log: Log) => {
    try {
      await post(collector, JSON.stringify(otlpDocument(about, counted, clock.now())));
      hasFailed = false;
    } catch (error) {
      // One line until it works again. The URL may have a secret, and is not in it.
      if (!hasFailed) {
        const why = error instanceof Error ? error.message : String(error);
        const detail = `the collector of OTEL_EXPORTER_OTLP_ENDPOINT takes no metrics: ${why}`;
        log({ level: "warn", outcome: "error", detail });
      }
      hasFailed = true;
    }
  };
  return {
    record({ durationMs, isError }) {
      const seconds = durationMs / SECOND_MS;
      counted.invocations += 1;
      counted.errors += isError ? 1 : 0;
      counted.seconds += seconds;
      const above = BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
      const bucket = above === -1 ? BOUNDS_SECONDS.length : above;
      counted.buckets[bucket] = (counted.buckets[bucket] ?? 0) + 1;
    },
    async push(log) {
      if (clock.elapsedMs() - pushedMs < PUSH_INTERVAL_MS) return;
      pushedMs = clock.elapsedMs();
      const end = new AbortController();
      await Promise.race([send(log), systemClock.sleep(PUSH_WAIT_MS, end.signal)]);
      end.abort();
    },
  };
}

/** Rejects for an answer other than 2xx. */
function post({ otlpEndpoint = "", otlpHeaders }: Collector, body: string): Promise<void> {
  const url = new URL(otlpEndpoint);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/metrics`;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PUSH_LIMIT_MS);
    const sent = { ...headersOf(otlpHeaders), "content-type": "application/json" };
    // The operator chose the host. It may be in the private network.
    const request = openRequest(
      url,
      { method: "POST", headers: sent, signal },
      { allowPrivateHosts: true },
    );
    request.on("error", () => {
      reject(new Error(signal.aborted ? "no answer in 3 s" : "it cannot be reached"));
    });
    request.on("response", (response) => {
      const { statusCode = 0 } = response;
      // Only the status counts. A body that never ends is not read.
      response.destroy();
      if (statusCode >= 200 && statusCode < 300) resolve();
      else reject(new Error(`HTTP ${statusCode}`));
    });
    request.end(body);
  });
}

const headersOf = (pairs: string): Record<string, string> =>
  Object.fromEntries(
    pairs
      .split(",")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [name = "", ...value] = pair.split("=");
        return [name.toLowerCase(), decodeURIComponent(value.join("="))];
      }),
  );
