/** A real Prometheus with the shipped rules, which scrapes runs on this machine every second. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "../../local/environment/free-port.js";
import { systemClock } from "../../shared/clock.js";
import { PROMETHEUS } from "../support/programs.js";
import { exampleConfig, RULES_FILE } from "./monitoring.js";

export interface ActiveAlert {
  state: "pending" | "firing";
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface RunningPrometheus {
  alerts: () => Promise<ActiveAlert[]>;
  query: (
    expr: string,
  ) => Promise<{ status: string; values: number[]; labels: Record<string, string>[] }>;
  close: () => Promise<void>;
}

/** `key`: an operator's key of each. */
export async function startPrometheus(
  apps: readonly URL[],
  key: string,
): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-prometheus-"));
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, key);
  const config = exampleConfig();
  const file = join(folder, "prometheus.yml");
  writeFileSync(
    file,
    stringify({
      ...config,
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [RULES_FILE],
      scrape_configs: config.scrape_configs.map((scraped) => ({
        ...scraped,
        scheme: "http",
        authorization: { credentials_file: keyFile },
        static_configs: [{ targets: apps.map(({ host }) => host) }],
      })),
    }),
  );
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    PROMETHEUS ?? "prometheus",
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const read = async (path: string) => {
    const answer = await fetch(`http://${address}${path}`);
    return (await answer.json()) as { status: string; data: never };
  };
  await untilReady(`http://${address}/-/ready`, said);
  return {
    async alerts() {
      const { data } = await read("/api/v1/alerts");
      return (data as { alerts: ActiveAlert[] }).alerts;
    },
    async query(expr) {
      const { status, data } = await read(`/api/v1/query?query=${encodeURIComponent(expr)}`);
      const { result } = data as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      const values = result.map(({ value }) => Number(value[1]));
      return { status, values, labels: result.map(({ metric }) => metric) };
    },
    async close() {
      const exit = once(child, "exit");
      child.kill();
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(url: string, said: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await systemClock.sleep(100);
  }
  throw new Error(`Prometheus is not ready: ${said.join("")}`);
}
