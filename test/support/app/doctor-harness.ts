/** A healthy run on this machine, and functions that examine it with one fault. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { readCommandLine } from "../../../ops/doctor/command-line.js";
import { examine } from "../../../ops/doctor/examine.js";
import { summaryOf } from "../../../ops/doctor/report.js";
import { localEnvironment } from "../../../local/environment/local-environment.js";
import type { Environment } from "../../../shared/config/environment.js";
import { newlyMigratedUrl } from "../database/databases.js";
import { runCli } from "../cli.js";
import { type RunningProcess, startProcess } from "./process.js";

export const OWN_APP = { SdkAppId: 1600000000, SecretKey: "0123456789abcdef".repeat(4) };
export const OWN_CALLER = {
  Id: "backend",
  SecretKeys: ["a-key-that-nobody-may-see"],
  SdkAppIds: [OWN_APP.SdkAppId],
};
export const CLOUD = {
  Account: "intl",
  SecretId: "AKIDemulator",
  SecretKey: "emulator-secret-key",
};

/** Secrets in the tests' configurations and URLs. No output may contain a part of them. */
const SECRETS = [
  ...["local-secret-key", "emulator-secret-key", "some-other-secret", "hidden-password"],
  ...["a-key-that-nobody-may-see", "looks-like-a-cloud-key", "AKIDnobody", "AKIDemulator"],
  ...["5bd2850fff3ecb11", "9e1c4ab0d27f5386", "0123456789abcdef", "in-the-query"],
];

export const list = (entry: object): string => JSON.stringify([entry]);

export interface DoctorHarness {
  runtime: RunningProcess;
  trtcUrl: string;
  databaseUrl: string;
  /** The settings of the run on this machine, as an operator would write them. */
  well: Environment;
  /** Runs `trtc-ingest doctor`. */
  run: (env: Environment, args?: string[]) => Promise<{ code: number | null; output: string }>;
  /** Runs the doctor in this process, before its filter removes secrets. */
  examineHere: (changes?: Environment, args?: string[]) => Promise<Examined>;
  /** The secrets in all output so far. Throws when there was no output. */
  leaked: () => string[];
  close: () => Promise<void>;
}

type Rows = Awaited<ReturnType<typeof examine>>;

export interface Examined {
  ok: boolean;
  named: (check: string) => Rows;
  bad: Rows;
}

export async function openDoctorHarness(): Promise<DoctorHarness> {
  const databaseUrl = await newlyMigratedUrl();
  const settings = { DATABASE_URL: databaseUrl, PORT: "0", TRTC_PORT: "0" };
  const runtime = await startProcess("local/start.ts", settings);
  const trtcUrl = /^TRTC (\S+)/.exec(runtime.lines[0] ?? "")?.[1] ?? "";
  const {
    EXPIRY_CRON: _,
    ADVANCE_CRON: ____,
    SETTLE_CRON: __,
    NOTIFY_CRON: ___,
    PLAN_CRON: _____,
    ...rest
  } = localEnvironment({ DATABASE_URL: databaseUrl }, trtcUrl);
  const well = {
    ...rest,
    ADVANCE_TICK_SECONDS: "10",
    EXPIRY_TICK_SECONDS: "60",
    ALLOW_PRIVATE_STREAM_HOSTS: "off",
  };
  const said: string[] = [];
  return {
    runtime,
    trtcUrl,
    databaseUrl,
    well,
    async run(env, args) {
      const { code, output } = await runCli(["doctor", ...(args ?? [])], env);
      said.push(output);
      return { code, output };
    },
    async examineHere(changes = {}, args = []) {
      const { subject } = readCommandLine(args, { ...well, ...changes });
      const rows = await examine(subject);
      said.push(JSON.stringify(rows));
      return {
        ok: summaryOf(rows, { strict: false }).ok,
        named: (check) => rows.filter((row) => row.check.startsWith(check)),
        bad: rows.filter(({ verdict }) => verdict === "fail" || verdict === "warn"),
      };
    },
    leaked() {
      if (said.length === 0) throw new Error("nothing was said");
      return SECRETS.filter((secret) => said.join("").includes(secret));
    },
    async close() {
      await runtime.end("SIGTERM");
      for (const server of servers.splice(0)) server.close();
    },
  };
}

const servers: { close: () => unknown }[] = [];

/** A host with fixed answers, until the harness closes. */
export async function serve(
  listener: RequestListener,
  create: (listener: RequestListener) => ReturnType<typeof createServer> = createServer,
): Promise<{ url: string; port: number }> {
  const server = create(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}
