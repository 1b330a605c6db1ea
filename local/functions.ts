/** The functions that serverless.yml declares: their doors, their time limits and their timers. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { type Environment } from "../shared/config.js";
import { SECOND_MS } from "../shared/clock.js";
import type { Services } from "../shared/ingest/services.js";
import type { PlatformContext } from "../shared/runtime/invocation.js";

export type Handler = (event: unknown, context?: PlatformContext) => Promise<unknown>;

export interface LocalFunction {
  name: string;
  timeLimitMs: number;
  /** It has a function URL. */
  isHttp: boolean;
  /** Its timers, as SCF's cron lines. */
  crons: string[];
  handler: Handler;
}

interface Declared {
  provider: { timeout: number };
  functions: Record<
    string,
    {
      timeout?: number;
      events: { functionUrl?: unknown; timer?: { parameters: { cronExpression: string } } }[];
    }
  >;
}

interface Door {
  makeHandler: (open: () => Promise<Services>) => Handler;
}

/** The very handlers that are deployed, with the services that are handed in. */
export async function loadFunctions(
  open: () => Promise<Services>,
  env: Environment,
): Promise<LocalFunction[]> {
  const text = await readFile(new URL("../serverless.yml", import.meta.url), "utf8");
  const { provider, functions } = parse(resolveVariables(text, env)) as Declared;
  return Promise.all(
    Object.entries(functions).map(async ([name, { timeout = provider.timeout, events }]) => {
      const door = (await import(`../functions/${name}.ts`)) as Door;
      return {
        name,
        timeLimitMs: timeout * SECOND_MS,
        isHttp: events.some(({ functionUrl }) => functionUrl !== undefined),
        crons: events.flatMap(({ timer }) => timer?.parameters.cronExpression ?? []),
        handler: door.makeHandler(open),
      };
    }),
  );
}

/** `${env:NAME, 'default'}`, as the Serverless Framework reads it. */
const resolveVariables = (text: string, env: Environment): string =>
  text.replace(/\$\{env:(\w+)(?:,\s*'([^']*)')?\}/g, (_, name: string, fallback?: string) =>
    JSON.stringify(env[name] ?? fallback ?? ""),
  );
