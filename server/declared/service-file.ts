/** The types and the reading of serverless.yml. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Environment } from "../../shared/config/environment.js";

/** Returns the file with its variables filled in. */
export async function readServiceFile(env: Environment): Promise<Service> {
  const text = await readFile(new URL("../../serverless.yml", import.meta.url), "utf8");
  return parse(resolveVariables(text, env)) as Service;
}

/** Fills in `${env:NAME, 'default'}` as the Serverless Framework does. */
const resolveVariables = (text: string, env: Environment): string =>
  text.replace(/\$\{env:(\w+)(?:,\s*'([^']*)')?\}/g, (_, name: string, fallback?: string) =>
    JSON.stringify(env[name] ?? fallback ?? ""),
  );

export interface Service {
  service: string;
  provider: Provider;
  functions: Record<string, DeclaredFunction>;
  package: { artifact?: string };
}

export interface Provider extends Declared {
  name: string;
  stage?: string;
  region?: string;
  /** An option of the plugin: it lets the plugin create SCF's default role with a wide policy. */
  enableRoleAuth?: boolean;
}

export interface DeclaredFunction extends Declared {
  handler: string;
  events?: DeclaredEvent[];
}

/** The settings of a function. The provider's settings are the defaults. */
interface Declared {
  runtime?: string;
  memorySize?: number;
  timeout?: number;
  description?: string;
  role?: string;
  environment?: { variables?: Record<string, unknown> };
  vpcConfig?: { vpcId?: string; subnetId?: string };
  /**
   * Fields of SCF's CreateFunction that the plugin does not know. They are passed through
   * unchanged.
   */
  scf?: Record<string, unknown>;
}

export interface DeclaredEvent {
  functionUrl?: FunctionUrl;
  timer?: {
    name: string;
    parameters: { cronExpression: string; enable?: boolean; message?: string };
  };
  cos?: {
    /** The bucket's domain: `<bucket>-<appid>.cos.<region>.myqcloud.com`. */
    name: string;
    parameters: {
      events: string;
      filter?: { prefix?: string; suffix?: string };
      enable?: boolean;
    };
  };
  ckafka?: {
    /** The instance's id: `ckafka-…`. */
    name: string;
    parameters: {
      topic: string;
      maxMsgNum: number;
      offset?: string;
      retry?: number;
      timeOut?: number;
      enable?: boolean;
    };
  };
  [other: string]: unknown;
}

export interface FunctionUrl {
  name: string;
  /** NONE: the function itself checks the caller. CAM: the platform requires its own signature. */
  authType: "NONE" | "CAM";
  intranet?: boolean;
  extranet?: boolean;
  cors?: Record<string, unknown>;
  enable?: boolean;
}
