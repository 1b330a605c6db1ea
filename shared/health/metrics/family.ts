/** A metric with its samples, and short ways to write one. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** What follows the family's name, as `_bucket`. */
  suffix?: "_bucket" | "_count" | "_sum";
  labels?: Labels;
  value: number;
}

export interface Family {
  /** Without `_total` and `_info`, which come from the type. It ends with the unit. */
  name: string;
  type: "gauge" | "counter" | "histogram" | "info";
  help: string;
  unit?: "seconds" | "bytes";
  samples: readonly Sample[];
}

interface About {
  /** Without `trtc_ingest_`. */
  name: string;
  help: string;
}

const PREFIX = "trtc_ingest_";

/** A name that ends with a unit has that unit. */
function unitOf(name: string): Pick<Family, "unit"> {
  if (name.endsWith("_seconds")) return { unit: "seconds" };
  return name.endsWith("_bytes") ? { unit: "bytes" } : {};
}

export const gauge = ({ name, help }: About, samples: number | readonly Sample[]): Family => ({
  name: `${PREFIX}${name}`,
  type: "gauge",
  help,
  ...unitOf(name),
  samples: typeof samples === "number" ? [{ value: samples }] : samples,
});

export const counter = (about: About, samples: number | readonly Sample[]): Family => ({
  ...gauge(about, samples),
  type: "counter",
});

export const info = (about: About, labels: Labels): Family => ({
  ...gauge(about, [{ labels, value: 1 }]),
  type: "info",
});

export interface Bucket {
  /** Things up to here, and above the bucket before. The last one is `Infinity`. */
  upTo: number;
  count: number;
}

/** `buckets`: in their order. */
export function histogram(about: About, buckets: readonly Bucket[], sum: number): Family {
  let count = 0;
  const samples = buckets.map(({ upTo, count: own }): Sample => {
    count += own;
    return { suffix: "_bucket", labels: { le: boundText(upTo) }, value: count };
  });
  const whole: Sample[] = [
    { suffix: "_count", value: count },
    { suffix: "_sum", value: sum },
  ];
  return { ...gauge(about, [...samples, ...whole]), type: "histogram" };
}

/** OpenMetrics writes bounds as floats. Both formats have the same, so a series has one name. */
function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return "+Inf";
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
