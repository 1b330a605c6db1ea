import type { Environment } from "../shared/config.js";

/** 0 means any free port. */
export function readPort(env: Environment, variable: string, usual: number): number {
  const text = env[variable];
  const port = text === undefined || text === "" ? usual : Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`${variable} must be a port number from 0 to 65535`);
}
