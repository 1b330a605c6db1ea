/** Metrics as text: OpenMetrics 1.0, and the older format of Prometheus. */
import type { Family, Labels, Sample } from "./family.js";

export interface Exposition {
  contentType: string;
  text: string;
}

/** `accept`: the request's header. OpenMetrics, unless it prefers plain text. */
export function exposition(families: readonly Family[], accept = ""): Exposition {
  if (!prefersPlainText(accept)) {
    return {
      contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
      text: [...families.flatMap(openMetricsLines), "# EOF", ""].join("\n"),
    };
  }
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    text: [...families.flatMap(plainLines), ""].join("\n"),
  };
}

function prefersPlainText(accept: string): boolean {
  const openMetrics = weightOf(accept, /^application\/openmetrics-text$/);
  return weightOf(accept, /^text\/(plain|\*)$/) > openMetrics;
}

/** The highest weight of the media types, from 0 to 1. */
function weightOf(accept: string, mediaType: RegExp): number {
  const weights = accept
    .toLowerCase()
    .split(",")
    .map((range) => range.split(";").map((part) => part.trim()))
    .filter(([type = ""]) => mediaType.test(type))
    .map(([, ...parameters]) => {
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    });
  return Math.max(0, ...weights);
}

function openMetricsLines({ name, type, help, unit, samples }: Family): string[] {
  const suffix = SUFFIXES[type];
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...sampleLines(`${name}${suffix}`, samples),
  ];
}

/** It has no infos and no units, and calls a counter by the name of its samples. */
function plainLines({ name, type, help, samples }: Family): string[] {
  const full = `${name}${SUFFIXES[type]}`;
  return [
    `# HELP ${full} ${escaped(help)}`,
    `# TYPE ${full} ${type === "info" ? "gauge" : type}`,
    ...sampleLines(full, samples),
  ];
}

const SUFFIXES: Readonly<Record<Family["type"], string>> = {
  gauge: "",
  histogram: "",
  counter: "_total",
  info: "_info",
};

/** A value that is no number says nothing, and breaks sums over it. */
const sampleLines = (name: string, samples: readonly Sample[]): string[] =>
  samples
    .filter(({ value }) => Number.isFinite(value))
    .map(({ suffix = "", labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${value}`);

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Both formats read these three escapes in labels. Help texts have no quotes. */
const escaped = (text: string): string =>
  text.replace(/[\\"\n]/g, (sign) => (sign === "\n" ? "\\n" : `\\${sign}`));
