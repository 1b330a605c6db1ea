/** The health of the deployment. */
import { CallError, send } from "./call.js";
import type { Health } from "./types.js";

/** An unhealthy deployment answers 503 with its rows, so they are shown whatever the status. */
export async function readHealth(key: string): Promise<Health> {
  const { status, json } = await send({ path: "./health", key });
  const health = json as Health | undefined;
  if (status !== 401 && Array.isArray(health?.checks)) return health;
  throw new CallError("", { failure: status === 401 ? "key" : "unavailable", status });
}
