/** The environment of a rehearsal: a database, TRTC, a cloud, and the CLI. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment } from "../../shared/config/environment.js";
import { migrate } from "../../shared/store/schema/migrate.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { type Cloud, startCloud } from "../cloud/cloud.js";
import type { CloudFunction, InvokeResult } from "../cloud/scf.js";
import { readServiceFile, type Service } from "../../server/declared/service-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { startPostgres } from "../../local/environment/postgres-server.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { type Emulator, startEmulator } from "../../emulator/server.js";
import { runBare } from "./bare-function.js";
import { makeCli, type RunCli } from "./serverless-cli.js";

export interface Stage {
  cloud: Cloud;
  trtc: Emulator;
  cli: RunCli;
  /** The declarations of serverless.yml, with this rehearsal's variables. */
  declared: Service;
  region: string;
  /** Runs a deployed function from its uploaded zip. */
  invoke: (target: CloudFunction, event: unknown) => Promise<InvokeResult & { rssBytes: number }>;
  /** No output may contain any of these. */
  secrets: readonly string[];
  close: () => Promise<void>;
}

/** It differs from the region in serverless.yml, so a lost setting shows. */
const REGION = "ap-singapore";

/** The invented account to deploy to. */
const DEPLOY_KEYS = { secretId: "AKIDdeploy", secretKey: "deploy-secret-key-of-no-account" };

/** The execution role's temporary keys. TRTC accepts them only with their token. */
const ROLE = {
  secretId: "AKIDrole",
  secretKey: "role-secret-key-of-no-account",
  token: "role-session-token-of-no-account",
};

const DATABASE_PASSWORD = "database-password-of-no-account";

/** Opens in the order of need. If a step fails, the earlier ones are closed again. */
export async function openStage(): Promise<Stage> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const postgres = await startPostgres();
    closers.push(postgres.stop);
    // The server on loopback accepts any password. The rehearsal only needs the password to be a
    // secret.
    const databaseUrl = postgres.urlOf("postgres").replace("@", `:${DATABASE_PASSWORD}@`);
    await migrateOnce(databaseUrl);
    const { secretId, ...role } = ROLE;
    const trtc = await startEmulator({
      accounts: { [secretId]: role },
      applications: DEFAULT_APPLICATIONS,
    });
    closers.push(trtc.close);
    const invoke = (target: CloudFunction, event: unknown) => runDeployed(target, event);
    const cloud = await startCloud({ region: REGION, keys: DEPLOY_KEYS, invoke });
    closers.push(cloud.close);
    const home = await mkdtemp(join(tmpdir(), "rehearsal-home-"));
    closers.push(() => rm(home, { recursive: true, force: true }));
    const settings = settingsOf(databaseUrl, trtc.url);
    const cli = makeCli({ ...settings, ...(await cliEnvironment(home, cloud)) });
    const secrets = secretsOf(settings);
    const declared = await readServiceFile(settings);
    return { cloud, trtc, cli, declared, region: REGION, invoke, secrets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function migrateOnce(url: string): Promise<void> {
  const database = openPostgres(url);
  await migrate(database);
  await database.close();
}

/**
 * Every variable that serverless.yml names, including empty ones. A missing variable would come
 * from a `.env` file in the folder.
 */
function settingsOf(databaseUrl: string, trtcUrl: string): Record<string, string> {
  const local = localEnvironment({ EXPIRY_TICK_SECONDS: "60" }, trtcUrl);
  return {
    ...(local as Record<string, string>),
    DATABASE_URL: databaseUrl,
    SCF_REGION: REGION,
    SCF_ROLE: "trtc-stream-ingest",
    // The role's keys are used instead.
    TRTC_ACCOUNTS: "",
    TRTC_TIMEOUT_SECONDS: "",
    VPC_ID: "vpc-rehearsal",
    SUBNET_ID: "subnet-rehearsal",
  };
}

async function cliEnvironment(home: string, { proxyUrl, authority }: Cloud) {
  const authorityFile = join(home, "authority.pem");
  await writeFile(authorityFile, authority);
  return {
    PATH: environment()["PATH"] ?? "",
    HOME: home,
    http_proxy: proxyUrl,
    https_proxy: proxyUrl,
    HTTP_PROXY: proxyUrl,
    HTTPS_PROXY: proxyUrl,
    NODE_EXTRA_CA_CERTS: authorityFile,
    TENCENTCLOUD_SECRET_ID: DEPLOY_KEYS.secretId,
    TENCENTCLOUD_SECRET_KEY: DEPLOY_KEYS.secretKey,
  };
}

async function runDeployed({ configuration, zip }: CloudFunction, event: unknown) {
  const { FunctionName, Handler = "", Timeout = 3, MemorySize = 128, Role } = configuration;
  const variables = configuration.Environment?.Variables ?? [];
  return runBare(
    {
      name: FunctionName,
      handler: Handler,
      zip,
      variables: Object.fromEntries(variables.map(({ Key = "", Value = "" }) => [Key, Value])),
      region: REGION,
      timeoutSeconds: Timeout,
      memoryMegabytes: MemorySize,
      role: Role === undefined ? undefined : ROLE,
    },
    event,
  );
}

/** Every key in any setting. */
function secretsOf({ CALLERS = "[]", TRTC_APPS = "[]" }: Record<string, string>): string[] {
  const callers = JSON.parse(CALLERS) as { SecretKeys: string[] }[];
  const applications = JSON.parse(TRTC_APPS) as { SecretKey: string }[];
  return [
    ...callers.flatMap(({ SecretKeys }) => SecretKeys),
    ...applications.map(({ SecretKey }) => SecretKey),
    DEPLOY_KEYS.secretKey,
    ROLE.secretKey,
    ROLE.token,
    DATABASE_PASSWORD,
  ];
}
