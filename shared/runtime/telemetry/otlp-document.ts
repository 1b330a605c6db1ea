/**
 * Metrics in OTLP's JSON, under the names of OpenTelemetry's conventions for functions (FaaS).
 * OTLP's JSON has 64-bit integers as texts.
 */
export interface Counted {
  invocations: number;
  errors: number;
  /** All invocations together. */
  seconds: number;
  /** Invocations up to each bound, and one more for those above the last. */
  buckets: number[];
}

export interface Instance {
  functionName: string;
  trigger: string;
  /** A name of this instance. Its counts begin at zero. */
  instance: string;
  since: Date;
}

/** As the conventions advise. */
export const BOUNDS_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** OTLP's number for counts that grow for as long as the instance lives. */
const CUMULATIVE = 2;

export function otlpDocument(instance: Instance, counted: Counted, at: Date): object {
  const point = {
    attributes: [text("faas.trigger", instance.trigger)],
    startTimeUnixNano: nanoseconds(instance.since),
    timeUnixNano: nanoseconds(at),
  };
  const sum = (name: string, unit: string, value: number) => ({
    name,
    unit,
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: [{ ...point, asInt: String(value) }],
    },
  });
  const duration = {
    name: "faas.invoke_duration",
    unit: "s",
    histogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: [
        {
          ...point,
          count: String(counted.invocations),
          sum: counted.seconds,
          bucketCounts: counted.buckets.map(String),
          explicitBounds: BOUNDS_SECONDS,
        },
      ],
    },
  };
  const metrics = [
    duration,
    sum("faas.invocations", "{invocation}", counted.invocations),
    sum("faas.errors", "{error}", counted.errors),
    sum("faas.coldstarts", "{coldstart}", 1),
  ];
  const attributes = [
    text("service.name", SERVICE),
    text("service.instance.id", instance.instance),
    text("faas.name", instance.functionName),
    text("faas.instance", instance.instance),
  ];
  return {
    resourceMetrics: [
      { resource: { attributes }, scopeMetrics: [{ scope: { name: SERVICE }, metrics }] },
    ],
  };
}

const SERVICE = "trtc-stream-ingest";

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

const nanoseconds = (at: Date): string => `${at.getTime()}000000`;
