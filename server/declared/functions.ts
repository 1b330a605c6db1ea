/** The functions of serverless.yml: their handlers, time limits and timers. */
import { type Environment } from "../../shared/config/environment.js";
import { SECOND_MS } from "../../shared/clock.js";
import type { Services } from "../../shared/ingest/services.js";
import type { PlatformContext } from "../../shared/runtime/invocation.js";
import { servicesOf } from "../../shared/runtime/services.js";
import { isFunctionName } from "../../shared/config/function-variables.js";
import { readServiceFile } from "./service-file.js";

export type Handler = (event: unknown, context?: PlatformContext) => Promise<unknown>;

export interface HostedFunction {
  name: string;
  timeLimitMs: number;
  /** It has a function URL. */
  isHttp: boolean;
  /** Its timers, as SCF's cron lines. */
  crons: string[];
  handler: Handler;
}

interface FunctionShape {
  makeHandler: (open: () => Promise<Services>) => Handler;
}

/** Loads the deployed handlers with the given services. */
export async function loadFunctions(
  open: () => Promise<Services>,
  env: Environment,
): Promise<HostedFunction[]> {
  const { provider, functions } = await readServiceFile(env);
  return Promise.all(
    Object.entries(functions).map(async ([name, { timeout = provider.timeout, events = [] }]) => {
      const module = (await import(`../../functions/${name}.ts`)) as FunctionShape;
      return {
        name,
        timeLimitMs: (timeout ?? SCF_TIMEOUT_SECONDS) * SECOND_MS,
        isHttp: events.some(({ functionUrl }) => functionUrl !== undefined),
        crons: events.flatMap(({ timer }) => timer?.parameters.cronExpression ?? []),
        handler: module.makeHandler(async () => ownServices(name, await open())),
      };
    }),
  );
}

/** As in the cloud, a function can read only its own variables. */
const ownServices = (name: string, services: Services): Services =>
  isFunctionName(name) ? servicesOf(name, services) : services;

/** SCF's default. */
const SCF_TIMEOUT_SECONDS = 3;
