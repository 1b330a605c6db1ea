/**
 * The whole project for a test: the real handlers behind the real gateway, the real emulator, and a
 * real database. Time is the machine's, unless a test passes a clock.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createGateway } from "../../../local/gateway.js";
import { loadFunctions, type HostedFunction } from "../../../server/declared/functions.js";
import {
  localCallbackKey,
  localEnvironment,
} from "../../../local/environment/local-environment.js";
import { startTimers } from "../../../server/timers.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "../../../emulator/defaults.js";
import type { CallFault } from "../../../emulator/faults/fault.js";
import type { TrtcAction } from "../../../emulator/api/schemas.js";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../emulator/server.js";
import type { Switches } from "../../../emulator/admin/switches.js";
import { readTruth } from "../../../local/emulator-truth.js";
import { type Clock, systemClock } from "../../../shared/clock.js";
import type { Environment } from "../../../shared/config/environment.js";
import type { Services } from "../../../shared/ingest/services.js";
import { jsonLog } from "../../../shared/log.js";
import { makeServices } from "../../../shared/runtime/services.js";
import { createStore } from "../../../shared/store/store.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { readConfig } from "../../../shared/config/configuration.js";
import { openTestPglite, openTestPostgres } from "../database/databases.js";

export const CN_APP = 1400000000;
export const INTL_APP = 1600000000;
export const KEY = "local-secret-key";
export const SECRET_ID = "AKIDlocal";

export interface TestApp {
  url: string;
  trtcUrl: string;
  /** The bundled clip's URL. */
  clip: string;
  services: Services;
  database: Database;
  /** Every line of the log so far. */
  logLines: string[];
  /** `POST /<function>` with the local caller's Bearer key. */
  post: (functionName: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  functionNamed: (name: string) => HostedFunction;
  truth: ReturnType<typeof readTruth>;
  trtc: TrtcHandle;
  emulator: Emulator;
  close: () => Promise<void>;
}

/** A fault that needs only its name. */
export type FaultKind = Exclude<CallFault["kind"], "error" | "delay">;

/** A test's control over TRTC, and its view of it. */
export interface TrtcHandle {
  /** The faults of the action's next calls, one each. Earlier planned faults are removed. */
  next: (action: TrtcAction, ...faults: FaultKind[]) => void;
  /** How many signed calls of the action arrived. */
  calls: (action: TrtcAction) => number;
  /** The bodies of the calls, by action. */
  bodies: (action: TrtcAction) => Record<string, unknown>[];
  /** Sets these switches, and all others back to their values at the start. */
  turn: (switches: Partial<Switches>) => void;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The content of `Response`. */
  response: Record<string, unknown> & {
    Error?: { Code: string; Message: string };
    RequestId: string;
  };
}

export interface TestAppOptions {
  env?: Environment;
  database?: Database;
  /** The databases of DATABASE_URLS, by their URLs. */
  others?: ReadonlyMap<string, Database>;
  clock?: Clock;
  /** Wraps the functions' services, for example to count calls. */
  seen?: (services: Services) => Services;
  timers?: boolean;
  emulator?: Partial<EmulatorOptions>;
  /** The address that the services call instead of the emulator. */
  trtcEndpoint?: (emulatorUrl: string) => string;
  /** The emulator's callbacks arrive at room-callback. */
  callbacks?: boolean;
}

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { clock = systemClock, timers = false } = options;
  const sent: Sent[] = [];
  let serve: (functions: readonly HostedFunction[]) => void = () => undefined;
  const gateway = createGateway(new Promise((resolve) => (serve = resolve)));
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const callbackOf = (sdkAppId: number) => ({
    callbackUrl: `${url}/room-callback`,
    callbackKey: localCallbackKey(sdkAppId),
  });
  const emulator = await startEmulator({
    port: 0,
    onCall: (call) => sent.push(call),
    clock,
    accounts: DEFAULT_ACCOUNTS,
    applications: DEFAULT_APPLICATIONS.map((each) => ({
      ...each,
      ...(options.callbacks === true ? callbackOf(each.sdkAppId) : {}),
    })),
    ...options.emulator,
  });
  const endpoint = options.trtcEndpoint?.(emulator.url) ?? emulator.url;
  const env = localEnvironment(options.env ?? {}, endpoint);
  const database = options.database ?? (await openTestDatabase(options));
  const logLines: string[] = [];
  const log = jsonLog((line) => logLines.push(line));
  const { others = new Map<string, Database>() } = options;
  const made = makeServices({ config: readConfig(env), database, others, clock, log });
  // With a test's clock the slots use that clock too, not the database's.
  const store = createStore(database, { clock, isDatabaseOnClock: true });
  const { seen = (each: Services) => each } = options;
  const services = seen(options.clock ? { ...made, store } : made);
  const functions = await loadFunctions(() => Promise.resolve(services), env);
  serve(functions);
  const running = timers ? startTimers(functions, clock) : undefined;
  return {
    url,
    trtcUrl: emulator.url,
    clip: `${emulator.url}/media/clip.mp4`,
    services,
    database,
    logLines,
    post: (functionName, body, headers) => post(`${url}/${functionName}`, body, headers),
    functionNamed: (name) => functions.find((each) => each.name === name) as HostedFunction,
    truth: readTruth(emulator.url),
    trtc: trtcHandle(emulator, sent),
    emulator,
    async close() {
      await running?.close();
      gateway.closeAllConnections();
      gateway.close();
      services.trtc.close();
      await emulator.close();
      await database.close();
      for (const other of others.values()) await other.close();
    },
  };
}

/**
 * PostgreSQL is faster. Where a test moves the time, statements of one instant keep their order only
 * on PGlite, which has one connection.
 */
const openTestDatabase = ({ clock }: Pick<TestAppOptions, "clock">): Promise<Database> =>
  clock ? openTestPglite() : openTestPostgres();

type Sent = Parameters<NonNullable<EmulatorOptions["onCall"]>>[0];

function trtcHandle({ faults, calls, switches }: Emulator, sent: readonly Sent[]): TrtcHandle {
  const initial = switches.read();
  return {
    turn: (changes) => switches.replace({ ...initial, ...changes }),
    next(action, ...kinds) {
      faults.clear();
      faults.add(...kinds.map((kind): CallFault => ({ action, kind, times: 1 })));
    },
    calls: (chosen) =>
      calls().reduce((sum, { action, calls: made }) => sum + (action === chosen ? made : 0), 0),
    bodies: (chosen) =>
      sent
        .filter(({ action }) => action === chosen)
        .map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>),
  };
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${KEY}`,
      "content-type": "application/json",
      // The server may close a kept connection just when the next request uses it.
      connection: "close",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const { Response } = (await answer.json()) as { Response: Answer["response"] };
  return { status: answer.status, headers: answer.headers, response: Response };
}
