import type { Environment } from "../../shared/config/environment.js";

/** 0 means any free port. */
export function readPort(env: Environment, variable: string, usual: number): number {
  const text = env[variable];
  if (text === undefined || text === "") return usual;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  throw new Error(`${variable} must be a port number from 0 to 65535`);
}

/** The message for a port that another program uses: it names the variable to set. */
export const explainBusyPort =
  (variable: string) =>
  (error: unknown): never => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") throw error;
    throw new Error(`${message}: set ${variable} to another port (0: any free one)`);
  };
