/** The files of deploy/monitoring, and the metrics that they name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const MONITORING = fileURLToPath(new URL("../../deploy/monitoring", import.meta.url));
export const RULES_FILE = join(MONITORING, "alerts.yml");

const textOf = (file: string): string => readFileSync(join(MONITORING, file), "utf8");

export interface Alert {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook_url: string };
}

export const ALERTS: readonly Alert[] = (
  parse(textOf("alerts.yml")) as { groups: { rules: Alert[] }[] }
).groups.flatMap(({ rules }) => rules);

export interface PrometheusConfig {
  global: { scrape_interval: string; evaluation_interval: string };
  rule_files: string[];
  scrape_configs: {
    job_name: string;
    scheme: string;
    authorization: { credentials_file: string };
    static_configs: { targets: string[] }[];
  }[];
}

export const exampleConfig = (): PrometheusConfig =>
  parse(textOf("prometheus.yml")) as PrometheusConfig;

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}

export const PANELS: readonly Panel[] = (
  JSON.parse(textOf("dashboard.json")) as { panels: Panel[] }
).panels;

/** With the dashboard's variable filled in. */
export const dashboardQueries = (): string[] =>
  PANELS.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).map((expr) =>
    expr.replaceAll("$job", "trtc-ingest"),
  );

export const metricsIn = (query: string): string[] => [
  ...new Set([...query.matchAll(/\btrtc_ingest_\w+/g)].map(([name]) => name)),
];
