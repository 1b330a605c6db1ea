import type { Environment } from "../../shared/config/environment.js";

/** 0 means any free port. */
export function readPort(env: Environment, variable: string, usual: number): number {
  const text = env[variable];
  if (text === undefined || text === "") return usual;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  throw new Error(`${variable} must be a port number from 0 to 65535`);
}

/** A port that another program has: whoever reads it wants to know what to set. */
export const sayBusy =
  (variable: string) =>
  (error: unknown): never => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") throw error;
    throw new Error(`${message}: set ${variable} to another port (0: any free one)`);
  };
