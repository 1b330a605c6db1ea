/** serverless.yml: what it may say, and what it says. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Environment } from "../../shared/config/environment.js";

/** With its variables filled in. */
export async function readServiceFile(env: Environment): Promise<Service> {
  const text = await readFile(new URL("../../serverless.yml", import.meta.url), "utf8");
  return parse(resolveVariables(text, env)) as Service;
}

/** `${env:NAME, 'default'}`, as the Serverless Framework reads it. */
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
  /** Of the plugin: lets it create SCF's default role and attach a wide policy to it. */
  enableRoleAuth?: boolean;
}

export interface DeclaredFunction extends Declared {
  handler: string;
  events?: DeclaredEvent[];
}

/** What a function may say, and the provider for all functions that do not. */
interface Declared {
  runtime?: string;
  memorySize?: number;
  timeout?: number;
  description?: string;
  role?: string;
  environment?: { variables?: Record<string, unknown> };
  vpcConfig?: { vpcId?: string; subnetId?: string };
  /** Fields of SCF's CreateFunction that the plugin does not know, passed through as they are. */
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
  /** NONE: the function itself checks who calls. CAM: the platform wants a signature of its own. */
  authType: "NONE" | "CAM";
  intranet?: boolean;
  extranet?: boolean;
  cors?: Record<string, unknown>;
  enable?: boolean;
}
