/** Opens the dependencies of the use cases once per instance, on the first event. */
import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../clock.js";
import {
  awsRoleCredential,
  type Environment,
  environment,
  roleCredential,
} from "../config/environment.js";
import { ApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { consoleLog, type Log } from "../log.js";
import type { StorageCredential } from "../signing/storage/presigned.js";
import type { Database } from "../store/engine/database.js";
import { openPostgres } from "../store/engine/postgres.js";
import { makePlaces, otherUrls, type Places } from "../store/places.js";
import { createStore, type Store } from "../store/store.js";
import { versionChecked } from "../store/schema/version.js";
import { type Credential, openTrtc } from "../trtc/client.js";
import { type Config, readConfig } from "../config/configuration.js";
import { configOf, type FunctionName, variablesRead } from "../config/function-variables.js";
import { ConfigError } from "../config/read-variables.js";

export interface ServiceParts {
  config: Config;
  database: Database;
  /** The databases of DATABASE_URLS, by their URLs, without that of DATABASE_URL. */
  others?: ReadonlyMap<string, Database>;
  clock?: Clock;
  /** Default: `clock`. */
  machineClock?: Clock;
  log?: Log;
}

export function makeServices({
  config,
  database,
  others = new Map(),
  clock = systemClock,
  machineClock = clock,
  log = consoleLog,
}: ServiceParts): Services {
  const trtc = openTrtc({
    credentialOf: (account) => credentialOf(config, account, environment()),
    endpoint: config.trtcEndpoint,
    timeoutMs: config.trtcTimeoutMs,
  });
  const storeOf = (database: Database) => createStore(database, { clock: machineClock });
  const store = storeOf(database);
  return {
    config,
    clock,
    machineClock,
    log,
    store,
    places: others.size === 0 ? undefined : placesOf(config, store, mapped(others, storeOf)),
    trtc,
    notifier: {
      async send(message) {
        const { openNotifier } = await import("../notifications/notifier.js");
        const allowPrivateHosts = config.allowPrivateNotifyHosts;
        return openNotifier({ allowPrivateHosts }).send(message);
      },
    },
    readSource: async (streamUrl, timeLeftMs, words) => {
      const { readSource } = await import("../media/reader.js");
      const allowPrivateHosts = config.allowPrivateStreamHosts;
      return readSource(streamUrl, { allowPrivateHosts, timeLeftMs, words });
    },
    randomBytes,
    storageCredential: (storage, account) =>
      storageCredential(config, { storage, account }, environment()),
  };
}

const placesOf = (
  { databaseUrl, databaseUrls }: Config,
  main: Store,
  others: ReadonlyMap<string, Store>,
): Places => makePlaces({ main, databaseUrl, databaseUrls, others });

const mapped = <From, To>(from: ReadonlyMap<string, From>, to: (value: From) => To) =>
  new Map([...from].map(([key, value]) => [key, to(value)]));

/** The databases of a configuration: that of DATABASE_URL, and those of DATABASE_URLS. */
export function openDatabases(
  config: Config & { databaseUrl: string },
  open: (url: string) => Database,
): Pick<ServiceParts, "database"> & { others: ReadonlyMap<string, Database> } {
  const others = new Map(otherUrls(config).map((url) => [url, open(url)]));
  return { database: open(config.databaseUrl), others };
}

const opened = new Map<FunctionName, Promise<Services>>();

/** If the services fail to open, the next event tries again. */
export const openServices = (name: FunctionName) => (): Promise<Services> => {
  const known = opened.get(name);
  if (known) return known;
  const opening = open(name).catch((error: unknown) => {
    opened.delete(name);
    throw error;
  });
  opened.set(name, opening);
  return opening;
};

/** The same services for one function. Their configuration has only that function's variables. */
export const servicesOf = (name: FunctionName, services: Services): Services => ({
  ...services,
  config: configOf(name, services.config),
});

async function open(name: FunctionName): Promise<Services> {
  const config = readConfig(environment(), variablesRead(name));
  if (config.databaseUrl === undefined) {
    throw new ConfigError("DATABASE_URL is not set: a deployed function needs PostgreSQL");
  }
  const { databaseUrl, databaseCa: ca } = config;
  const databases = openDatabases({ ...config, databaseUrl }, (url) =>
    versionChecked(openPostgres({ url, ca })),
  );
  return Promise.resolve(servicesOf(name, makeServices({ config, ...databases })));
}

/**
 * The account's fixed keys or the execution role's keys. A role's keys change during an instance's
 * life.
 */
export function credentialOf(
  { accounts }: Pick<Config, "accounts">,
  account: string,
  env: Environment,
): Credential {
  const fixed = accounts.get(account);
  if (!fixed) return roleCredential(env);
  const { SecretId: secretId, SecretKey: secretKey, Token: token } = fixed;
  return { secretId, secretKey, ...(token === undefined ? {} : { token }) };
}

/** Throws ApiError. Without keys, objects of the bucket can never be played. */
function storageCredential(
  { accounts }: Pick<Config, "accounts">,
  { storage, account }: { storage: "cos" | "s3"; account: string | undefined },
  env: Environment,
): StorageCredential {
  try {
    if (account !== undefined) return credentialOf({ accounts }, account, {});
    return storage === "cos" ? roleCredential(env) : awsRoleCredential(env);
  } catch (error) {
    throw new ApiError(
      "UnauthorizedOperation",
      "There are no keys to presign the object's URL with: give the function an execution role that may read it, name an Account of TRTC_ACCOUNTS in the rule, or a public StreamUrl.",
      { cause: error },
    );
  }
}
