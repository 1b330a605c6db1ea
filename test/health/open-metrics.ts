/** Reads OpenMetrics as strictly as its specification, and fails at the first fault. */

export interface ReadFamily {
  type: string;
  unit: string | undefined;
  help: string;
  samples: { name: string; labels: Readonly<Record<string, string>>; value: number }[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  counter: ["_total"],
  info: ["_info"],
  histogram: ["_bucket", "_count", "_sum"],
};

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/;
const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

export function readOpenMetrics(text: string): Map<string, ReadFamily> {
  if (!text.endsWith("\n# EOF\n")) throw new Error("it does not end with # EOF and a line feed");
  const families = new Map<string, ReadFamily>();
  const series = new Set<string>();
  let open: string | undefined;
  for (const line of text.slice(0, -"# EOF\n".length).trimEnd().split("\n")) {
    const fault = (why: string) => new Error(`${why}: ${line}`);
    const [, kind, name = "", rest = ""] = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "TYPE") {
      if (!NAME.test(name) || SUFFIXES[rest] === undefined) throw fault("no such name or type");
      if (families.has(name)) throw fault("a family comes twice");
      families.set(name, { type: rest, unit: undefined, help: "", samples: [] });
      open = name;
      continue;
    }
    const family = families.get(open ?? "");
    if (family === undefined || open === undefined) throw fault("a line before the first family");
    if (kind !== undefined) {
      if (name !== open || family.samples.length > 0) throw fault("metadata of another family");
      if (kind === "UNIT" && !name.endsWith(`_${rest}`)) throw fault("a name without its unit");
      if (kind === "UNIT") family.unit = rest;
      else family.help = rest;
      continue;
    }
    const [, sample, labelText, number = ""] = SAMPLE.exec(line) ?? [];
    const suffix = SUFFIXES[family.type]?.find((end) => sample === `${open ?? ""}${end}`);
    if (sample === undefined || suffix === undefined) throw fault("no sample of the family");
    if (!NUMBER.test(number)) throw fault("no number");
    const key = `${sample}{${labelText ?? ""}}`;
    if (series.has(key)) throw fault("a series comes twice");
    series.add(key);
    family.samples.push({
      name: sample,
      labels: readLabels(labelText, fault),
      value: Number(number),
    });
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readLabels(
  text: string | undefined,
  fault: (why: string) => Error,
): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  if (text === undefined) return labels;
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = "", value = ""] = LABEL.exec(text) ?? [];
    if (name === "" || name in labels) throw fault("a label is wrong, or comes twice");
    labels[name] = value.replace(/\\(["\\n])/g, (_, sign) => (sign === "n" ? "\n" : String(sign)));
  }
  return labels;
}

function checkFamily(name: string, { type, help, samples }: ReadFamily): void {
  if (help === "") throw new Error(`${name} has no help`);
  if (type === "counter" && samples.some(({ value }) => value < 0)) {
    throw new Error(`${name} counts below zero`);
  }
  if (type !== "histogram") return;
  const buckets = samples.filter((sample) => sample.name.endsWith("_bucket"));
  const bounds = buckets.map(({ labels }) =>
    Number((labels["le"] ?? "").replace("+Inf", "Infinity")),
  );
  const count = samples.find((sample) => sample.name.endsWith("_count"))?.value;
  const isRising = (values: number[]) =>
    values.every((value, n) => n === 0 || value >= (values[n - 1] ?? 0));
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY || !isRising(bounds)) {
    throw new Error(`${name} has no rising bounds up to +Inf`);
  }
  if (!isRising(buckets.map(({ value }) => value)) || buckets.at(-1)?.value !== count) {
    throw new Error(`${name} is not cumulative`);
  }
}
